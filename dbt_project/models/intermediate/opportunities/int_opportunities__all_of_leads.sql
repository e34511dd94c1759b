{{ config(
    materialized='incremental',
    incremental_strategy='append',
    indexes=[
        {'columns': ['source_system', 'opportunity_id'], 'unique': true},
        {'columns': ['lead_id']},
    ],
    pre_hook="{{ forget_affected_leads() }}"
) }}

select
    lead_id,
    source_system,
    opportunity_id
from {{ ref('int_opportunities__of_leads') }}
