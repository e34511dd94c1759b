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

)

select * from final
