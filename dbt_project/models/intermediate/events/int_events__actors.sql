{{ config(materialized='view') }}

with salesforce_users as (

    select distinct 'salesforce' as source_system, user_id from {{ ref('stg_salesforce__users') }}

),

generic_users as (

    select distinct 'generic' as source_system, user_id from {{ ref('stg_generic__users') }}

),

hubspot_users as (

    select distinct 'hubspot' as source_system, user_id from {{ ref('stg_hubspot__owners') }}

),

roster as (

    select distinct source_system, user_id from {{ ref('stg_agreement__roster') }}

),

final as (

    -- Everybody a source or the roster knows; who is a machine depends on the agreement's version.
    select source_system, user_id from salesforce_users
    union
    select source_system, user_id from generic_users
    union
    select source_system, user_id from hubspot_users
    union
    select source_system, user_id from roster

)

select * from final
