{{ config(
    materialized='incremental',
    incremental_strategy='append',
    indexes=[{'columns': ['lead_id']}, {'columns': ['source_system', 'role']}],
    pre_hook="{{ forget_affected_leads() }}"
) }}

with spans as (

    select lead_id, source_system, history_name from {{ ref('int_fields__spans') }}
    where trim(value) <> ''

),

fields as (

    select distinct source_system, history_name, role from {{ ref('stg_agreement__fields') }}

),

final as (

    -- Which roles a lead ever had a value in: what a source never delivers cannot be judged per
    -- lead.
    select distinct
        spans.lead_id,
        spans.source_system,
        fields.role
    from spans
    inner join fields
        on
            spans.source_system = fields.source_system
            and spans.history_name = fields.history_name

)

select * from final
