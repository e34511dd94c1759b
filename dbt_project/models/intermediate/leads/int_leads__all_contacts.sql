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
        {{ json_text('record', "'first_name'") }} as first_name,
        {{ json_text('record', "'last_name'") }} as last_name,
        {{ json_text('record', "'email'") }} as email,
        {{ json_text('record', "'phone'") }} as phone
    from records

)

select * from final
