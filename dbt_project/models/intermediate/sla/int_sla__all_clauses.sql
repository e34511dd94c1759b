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

    select handoff_id, offered_at, next_offered_at, agreement_version
    from {{ ref('int_handoffs__offers') }}

),

qualified as (

    select handoff_id, tier from {{ ref('int_handoffs__qualified') }}

),

machine_closings as (

    select handoff_id, entered_at from {{ ref('int_handoffs__moves') }}
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
        coalesce(clocks.due_at, counts.due_at) as due_at,
        coalesce(clocks.met_at, counts.met_at) as met_at,
        coalesce(counts.is_excused, false) as is_excused,
        coalesce(counts.is_excusable, false) as is_excusable,
        coalesce(counts.is_by_machine, false) as is_by_machine,
        offers.offered_at,
        offers.next_offered_at,
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

    select distinct timed.handoff_id, timed.clause
    from timed
    inner join machine_closings
        on
            timed.handoff_id = machine_closings.handoff_id
            and timed.started_at <= machine_closings.entered_at
            and timed.due_at > machine_closings.entered_at

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
        timed.due_at,
        timed.met_at,
        timed.is_excused,
        timed.is_excusable,
        timed.is_by_machine or closed_by_machine.handoff_id is not null as is_by_machine,
        timed.offered_at,
        timed.next_offered_at,
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
