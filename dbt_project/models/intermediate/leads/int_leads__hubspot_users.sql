{{ config(materialized='view') }}

with owners as (

    select * from {{ ref('stg_hubspot__owners') }}
    where hubspot_user_id is not null

),

final as (

    -- A user of several owners: the one with the smallest id, whatever has become of it.
    select
        hubspot_user_id,
        min({{ bytewise('user_id') }}) as user_id
    from owners
    group by hubspot_user_id

)

select * from final
