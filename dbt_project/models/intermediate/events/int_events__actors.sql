{{ config(materialized='view') }}

with delivered as (

    select source_system, user_id from {{ ref('int_leads__user_versions') }}

),

roster as (

    select distinct source_system, user_id from {{ ref('stg_agreement__roster') }}

),

final as (

    -- Everybody a source or the roster knows; who is a machine depends on the agreement's version.
    select source_system, user_id from delivered
    union
    select source_system, user_id from roster

)

select * from final
