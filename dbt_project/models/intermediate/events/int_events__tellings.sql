{{ config(materialized='view') }}

with creations as (

    select * from {{ ref('int_events__creations') }}

),

openings as (

    select * from {{ ref('int_events__openings') }}

),

closings as (

    select * from {{ ref('int_opportunities__closings') }}

),

versions as (

    select agreement_version, time_zone from {{ ref('int_agreement__versions') }}

),

time_columns as (

    select * from {{ ref('int_times__columns') }}

),

created as (

    select
        creations.*,
        {{ zone_of_day('creations.occurred_at', 'versions.time_zone', 'time_columns') }} as day_zone
    from creations
    inner join versions on creations.agreement_version = versions.agreement_version
    inner join time_columns
        on
            time_columns.time_column
            = {{ time_column_of('lead created', 'creations.source_system') }}

),

told as (

    -- What a record tells by itself, without a change row: how it began, and how an opportunity
    -- ended.
    select
        lead_id, source_system, 'lead:' || record_id || ':' || field_name as record_key,
        cast(null as {{ type_text() }}) as opportunity_id, source_event_id, mapped_stage,
        coalesce(is_authority, false) as is_authority,
        cast(null as {{ type_text() }}) as old_value, raw_value, occurred_at,
        occurred_at as recorded_at, actor_id, agreement_version, 0 as chain_position,
        true as is_creation, object_name, record_field, record_id, {{ span_of_day('occurred_at') }}
    from created

    union all

    select
        lead_id, source_system, 'opportunity:' || opportunity_id, opportunity_id, source_event_id,
        'sql', true, null, null, occurred_at, occurred_at, actor_id, agreement_version, 0, false,
        object_name, null, opportunity_id, has_time_of_day, earliest_at, latest_at, day_from,
        day_until
    from openings

    union all

    select
        lead_id, source_system, 'opportunity:' || opportunity_id, opportunity_id, source_event_id,
        mapped_stage, is_authority, old_value, raw_value, occurred_at, own_at, actor_id,
        agreement_version, chain_position, false, object_name, record_field, opportunity_id,
        has_time_of_day, earliest_at, latest_at, day_from, day_until
    from closings
    where
        mapped_stage is null or mapped_stage = 'won' or mapped_stage in {{ declining_stages() }}

),

final as (

    select
        told.*,
        {{ to_second('told.occurred_at') }} as occurred_second
    from told

)

select * from final
