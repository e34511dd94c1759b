{{ config(
    materialized='incremental',
    incremental_strategy='append',
    indexes=[{'columns': ['lead_id', 'source_system'], 'unique': true}],
    pre_hook="{{ forget_affected_leads() }}"
) }}

with records as (

    select * from {{ ref('int_identity__affected_records') }}
    where is_survivor

),

final as (

    select
        lead_id,
        source_system,
        record_id as source_id,
        -- HubSpot writes both names in one word.
        coalesce(
            {{ json_text('record', "'first_name'") }}, {{ json_text('record', "'firstname'") }}
        ) as first_name,
        coalesce(
            {{ json_text('record', "'last_name'") }}, {{ json_text('record', "'lastname'") }}
        ) as last_name,
        {{ json_text('record', "'email'") }} as email,
        {{ json_text('record', "'phone'") }} as phone
    from records

)

select * from final
