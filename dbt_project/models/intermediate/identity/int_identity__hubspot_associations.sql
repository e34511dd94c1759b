{{ config(indexes=[{'columns': ['contact_id']}, {'columns': ['object_name', 'record_id']}]) }}

with versions as (

    select
        object_name, engagement_id as record_id, contact_ids, load_id, version_night, version_stamp
    from {{ ref('int_touches__hubspot_engagements') }}

    union all

    select 'deals', opportunity_id, contact_ids, load_id, version_night, version_stamp
    from {{ ref('stg_hubspot__deals') }}

),

-- News of an engagement or a deal is news of every contact that any version of it names, also of
-- one that the newest version has let go.
newest as (

    select
        object_name,
        record_id,
        max(load_id) as load_id,
        max(version_night) as version_night,
        max(version_stamp) as version_stamp
    from versions
    group by object_name, record_id

),

named as (

    select distinct versions.object_name, versions.record_id, contact.id as contact_id
    from versions
    cross join {{ each_member('versions.contact_ids') }} as contact (id)

),

final as (

    select
        named.contact_id,
        newest.object_name,
        newest.record_id,
        newest.load_id,
        newest.version_night,
        newest.version_stamp
    from named
    inner join newest
        on named.object_name = newest.object_name and named.record_id = newest.record_id

)

select * from final
