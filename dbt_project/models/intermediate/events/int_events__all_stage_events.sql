{{ config(
    materialized='incremental',
    incremental_strategy='append',
    indexes=[
        {'columns': ['event_id'], 'unique': true},
        {'columns': ['lead_id']},
        {'columns': ['actor_id']},
    ],
    pre_hook="{{ forget_affected_leads() }}"
) }}

with classified as (

    select * from {{ ref('int_events__classified') }}

),

sequenced as (

    select event_id, event_number, is_late_creation, occurred_at, earliest_at, latest_at
    from {{ ref('int_events__sequenced') }}

),

folded as (

    select event_id, is_repeat from {{ ref('int_events__folded') }}

),

final as (

    select
        classified.event_id,
        classified.lead_id,
        classified.source_system,
        classified.source_event_id,
        classified.stage,
        classified.raw_value,
        coalesce(sequenced.occurred_at, classified.occurred_at) as occurred_at,
        classified.has_time_of_day,
        coalesce(sequenced.earliest_at, classified.earliest_at) as earliest_at,
        coalesce(sequenced.latest_at, classified.latest_at) as latest_at,
        classified.recorded_at,
        classified.recorded_from,
        classified.recorded_until,
        classified.actor_id,
        classified.actor_type,
        classified.reason,
        classified.campaign,
        classified.record_created_from,
        classified.is_authority,
        not classified.is_authority as is_echo,
        coalesce(sequenced.is_late_creation, false) or coalesce(folded.is_repeat, false)
            as is_repeat,
        sequenced.event_number,
        classified.opportunity_id
    from classified
    left join sequenced on classified.event_id = sequenced.event_id
    left join folded on classified.event_id = folded.event_id

)

select * from final
