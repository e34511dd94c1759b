{{ config(
    materialized='incremental',
    incremental_strategy='append',
    indexes=[{'columns': ['lead_id']}],
    pre_hook="{{ forget_affected_leads() }}"
) }}

with missing_echoes as (select * from {{ ref('int_integrity__missing_echoes') }}),

unheard_stages as (select * from {{ ref('int_integrity__unheard_stages') }}),

final as (

    select
        event_id, lead_id, stage, occurred_at, source_system, other_system, echo_until
    from missing_echoes

    union all

    select
        event_id, lead_id, stage, occurred_at, source_system, other_system, echo_until
    from unheard_stages

)

select * from final
