{{ config(materialized='view') }}

with delivered as (

    select
        'salesforce' as source_system,
        user_id,
        name,
        role,
        cast(null as {{ type_text() }}) as team,
        manager_id,
        is_active,
        version_stamp,
        version_night,
        record
    from {{ ref('stg_salesforce__users') }}

    union all

    select
        'generic', user_id, name, role, team, manager_id, is_active,
        version_stamp, version_night, record
    from {{ ref('stg_generic__users') }}

    union all

    select
        'hubspot', user_id, name, null, null, null, not is_archived,
        version_stamp, version_night, record
    from {{ ref('stg_hubspot__owners') }}

),

ranked as (

    {{ rank_versions('delivered', 'source_system, user_id') }}

),

final as (

    select
        source_system,
        user_id,
        name,
        role,
        team,
        manager_id,
        is_active,
        version_stamp,
        version_rank
    from ranked

)

select * from final
