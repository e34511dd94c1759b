{{ config(materialized='view') }}

with fields as (

    select * from {{ ref('stg_agreement__fields') }}

),

final as (

    select distinct source_system, history_name, landed_column
    from fields
    where
        role in ('owner', 'reason', 'score', 'fit_score', 'engagement_score')
        and {{ is_lead_object('object_name') }}

)

select * from final
