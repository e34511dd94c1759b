{{ config(materialized='view') }}

with events as (

    select * from {{ ref('int_events__all_stage_events') }}
    where is_echo

),

versions as (

    select agreement_version, time_zone, in_force_from, in_force_to
    from {{ ref('int_agreement__versions') }}

),

authorities as (

    select distinct agreement_version, source_system, stage
    from {{ ref('stg_agreement__stage_map') }}
    where is_authority

),

knowing as (

    select distinct
        authorities.agreement_version,
        authorities.stage,
        records.lead_id
    from authorities
    inner join {{ ref('int_identity__all_lead_ids') }} as records
        on authorities.source_system = records.source_system

),

final as (

    -- A system that is not the authority tells a stage of a lead that no authority for it knows.
    select
        events.event_id, events.lead_id, events.stage, events.occurred_at, events.source_system,
        cast(null as {{ type_text() }}) as other_system, versions.time_zone
    from events
    inner join versions
        on
            events.occurred_at >= versions.in_force_from
            and events.occurred_at < versions.in_force_to
    left join knowing
        on
            versions.agreement_version = knowing.agreement_version
            and events.stage = knowing.stage
            and events.lead_id = knowing.lead_id
    where knowing.lead_id is null

)

select * from final
