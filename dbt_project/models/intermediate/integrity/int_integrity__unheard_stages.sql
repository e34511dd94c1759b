{{ config(materialized='view') }}

with affected_leads as (

    select lead_id from {{ ref('int_identity__affected_leads') }}

),

events as (

    select events.* from affected_leads
    inner join {{ ref('int_events__all_stage_events') }} as events
        on affected_leads.lead_id = events.lead_id
    where events.is_echo

),

versions as (

    select agreement_version, in_force_from, in_force_to, handoff_stage
    from {{ ref('int_agreement__versions') }}

),

authorities as (

    select distinct agreement_version, source_system, stage
    from {{ ref('stg_agreement__stage_map') }}
    where is_authority

),

records as (

    select distinct ids.lead_id, ids.source_system from affected_leads
    inner join {{ ref('int_identity__all_lead_ids') }} as ids
        on affected_leads.lead_id = ids.lead_id

),

dated as (

    select
        events.event_id, events.lead_id, events.stage, events.occurred_at, events.source_system,
        versions.agreement_version
    from events
    inner join versions
        on
            events.occurred_at >= versions.in_force_from
            and events.occurred_at < versions.in_force_to
    where events.stage = versions.handoff_stage

),

vouched_for as (

    select dated.event_id
    from dated
    inner join records on dated.lead_id = records.lead_id
    inner join authorities
        on
            dated.agreement_version = authorities.agreement_version
            and dated.stage = authorities.stage
            and records.source_system = authorities.source_system

),

final as (

    -- A system that is not the authority tells a handoff of a lead that no authority for it knows:
    -- it opens none (ruling 117).
    select
        dated.event_id, dated.lead_id, dated.stage, dated.occurred_at, dated.source_system,
        cast(null as {{ type_text() }}) as other_system,
        cast(null as {{ type_instant() }}) as echo_until
    from dated
    where dated.event_id not in (select vouched_for.event_id from vouched_for)

)

select * from final
