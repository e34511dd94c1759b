{{ config(materialized='view') }}

with owners as (

    select * from {{ ref('stg_hubspot__owners') }}

),

final as (

    -- Where two owners are one user, either may stand for it; before an owner was known, none did.
    select same_user.user_id, owners.load_id, owners.version_night, owners.version_stamp
    from owners
    inner join owners as same_user on owners.hubspot_user_id = same_user.hubspot_user_id

    union

    select 'user:' || hubspot_user_id, load_id, version_night, version_stamp from owners
    where hubspot_user_id is not null

    union

    select user_id, load_id, version_night, version_stamp from owners

)

select * from final
