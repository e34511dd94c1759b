{{ config(
    materialized='incremental',
    incremental_strategy='append',
    indexes=[{'columns': ['lead_id']}],
    pre_hook="{{ forget_affected_leads() }}"
) }}

with candidates as (

    select * from {{ ref('int_events__candidates') }}
    where stage is null and raw_value is not null

),

opportunities as (

    select * from {{ ref('int_opportunities__versions') }}
    where source_system <> 'generic'

),

stage_changes as (

    select * from {{ ref('int_opportunities__stage_changes') }}

),

agreements as (

    select agreement_version, in_force_from, in_force_to from {{ ref('int_agreement__versions') }}

),

stage_map as (

    select * from {{ ref('stg_agreement__stage_map') }}
    where {{ is_opportunity_object('object_name') }}

),

first_changes as (

    {{ first_per(
        'stage_changes', ['source_system', 'opportunity_id'],
        ['occurred_at', bytewise('change_id')]
    ) }}

),

-- Stages that stand in no change row: the one an opportunity was created in, and those of a source
-- without history.
recorded_stages as (

    select
        opportunities.lead_id, opportunities.source_system, opportunities.opportunity_id,
        opportunities.created_at as moment, first_changes.old_value as raw_value
    from opportunities
    inner join first_changes
        on
            opportunities.source_system = first_changes.source_system
            and opportunities.opportunity_id = first_changes.opportunity_id
    where opportunities.version_rank = 1

    union

    select lead_id, source_system, opportunity_id, coalesce(closed_at, version_stamp), stage_name
    from opportunities

),

unmapped_stages as (

    select recorded_stages.*
    from recorded_stages
    inner join agreements
        on
            recorded_stages.moment >= agreements.in_force_from
            and recorded_stages.moment < agreements.in_force_to
    left join stage_map
        on
            agreements.agreement_version = stage_map.agreement_version
            and recorded_stages.source_system = stage_map.source_system
            and recorded_stages.raw_value = stage_map.value
    where recorded_stages.raw_value is not null and stage_map.stage is null

),

final as (

    select
        lead_id,
        source_system,
        object_name,
        record_field as field_name,
        raw_value,
        source_event_id,
        occurred_at
    from candidates

    union all

    select
        lead_id,
        source_system,
        {{ opportunity_object('source_system') }},
        {{ opportunity_stage_field('source_system') }},
        raw_value,
        {{ opportunity_object('source_system') }} || ':' || opportunity_id,
        moment
    from unmapped_stages

)

select * from final
