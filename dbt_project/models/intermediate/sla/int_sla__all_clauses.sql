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

    select handoff_id, next_offered_at, agreement_version from {{ ref('int_handoffs__offers') }}

),

qualified as (

    select handoff_id, tier from {{ ref('int_handoffs__qualified') }}

),

final as (

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
        coalesce(counts.is_void, false) as is_void,
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

)

select * from final
