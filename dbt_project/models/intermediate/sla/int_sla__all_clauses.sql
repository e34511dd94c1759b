{{ config(
    materialized='incremental',
    incremental_strategy='append',
    indexes=[{'columns': ['handoff_id', 'clause'], 'unique': true}, {'columns': ['lead_id']}],
    pre_hook="{{ forget_affected_leads() }}"
) }}

with starts as (

    select * from {{ ref('int_sla__starts') }}

),

clocks as (

    select * from {{ ref('int_sla__clocks') }}

),

counts as (

    select * from {{ ref('int_sla__counts') }}

),

offers as (

    select
        handoff_id, offered_at, next_offered_earliest_at, next_offered_latest_at, agreement_version
    from {{ ref('int_handoffs__offers') }}

),

qualified as (

    select handoff_id, tier from {{ ref('int_handoffs__qualified') }}

),

machine_closings as (

    select handoff_id, earliest_at, latest_at from {{ ref('int_handoffs__moves') }}
    where
        actor_type = 'automation'
        and to_stage in ('won', 'lost', 'rejected', 'recycled', 'disqualified')

),

timed as (

    select
        starts.handoff_id,
        starts.lead_id,
        starts.clause,
        case starts.clause when 'definition' then 'marketing' else 'sales' end as party,
        starts.owner_id,
        starts.team,
        starts.manager_id,
        qualified.tier,
        offers.agreement_version,
        coalesce(clocks.calendar, starts.calendar) as calendar,
        coalesce(clocks.started_at, counts.started_at) as started_at,
        starts.started_earliest_at,
        starts.started_latest_at,
        coalesce(clocks.due_at, counts.due_at) as due_at,
        coalesce(clocks.due_earliest_at, counts.due_earliest_at) as due_earliest_at,
        coalesce(clocks.met_at, counts.met_at) as met_at,
        coalesce(clocks.met_earliest_at, counts.met_earliest_at) as met_earliest_at,
        coalesce(clocks.met_latest_at, counts.met_latest_at) as met_latest_at,
        coalesce(counts.is_excused, false) as is_excused,
        coalesce(counts.is_excusable, false) as is_excusable,
        coalesce(counts.is_surely_excused, false) as is_surely_excused,
        coalesce(counts.is_by_machine, false) as is_by_machine,
        offers.offered_at,
        offers.next_offered_earliest_at,
        offers.next_offered_latest_at,
        clocks.due_unit,
        coalesce(clocks.required, counts.required) as required,
        counts.counted,
        clocks.working_seconds_before_start,
        clocks.working_seconds_used
    from starts
    inner join offers on starts.handoff_id = offers.handoff_id
    inner join qualified on starts.handoff_id = qualified.handoff_id
    left join clocks on starts.handoff_id = clocks.handoff_id and starts.clause = clocks.clause
    left join counts on starts.handoff_id = counts.handoff_id and starts.clause = counts.clause

),

-- What a machine closed before it was due was nobody's to keep any more.
closed_by_machine as (

    select
        timed.handoff_id,
        timed.clause,
        bool_or(
            timed.started_latest_at <= machine_closings.earliest_at
            and timed.due_earliest_at > machine_closings.latest_at
        ) as is_sure
    from timed
    inner join machine_closings
        on
            timed.handoff_id = machine_closings.handoff_id
            and timed.started_earliest_at <= machine_closings.latest_at
            and timed.due_at > machine_closings.earliest_at
    group by timed.handoff_id, timed.clause

),

final as (

    select
        timed.handoff_id,
        timed.lead_id,
        timed.clause,
        timed.party,
        timed.owner_id,
        timed.team,
        timed.manager_id,
        timed.tier,
        timed.agreement_version,
        timed.calendar,
        timed.started_at,
        timed.started_latest_at,
        timed.due_at,
        timed.due_earliest_at,
        timed.met_at,
        timed.met_earliest_at,
        timed.met_latest_at,
        timed.is_excused,
        timed.is_excusable,
        timed.is_surely_excused,
        timed.is_by_machine or closed_by_machine.handoff_id is not null as is_by_machine,
        timed.is_by_machine or coalesce(closed_by_machine.is_sure, false) as is_surely_by_machine,
        timed.offered_at,
        timed.next_offered_earliest_at,
        timed.next_offered_latest_at,
        timed.due_unit,
        timed.required,
        timed.counted,
        timed.working_seconds_before_start,
        timed.working_seconds_used
    from timed
    left join closed_by_machine
        on
            timed.handoff_id = closed_by_machine.handoff_id
            and timed.clause = closed_by_machine.clause

)

select * from final
