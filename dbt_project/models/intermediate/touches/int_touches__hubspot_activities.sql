{{ config(materialized='view') }}

with people as (

    select lead_id, record_id as contact_id from {{ ref('int_identity__affected_records') }}
    where source_system = 'hubspot'

),

engagements_of_tonight as (

    select distinct associations.object_name, associations.record_id as engagement_id
    from people
    inner join {{ ref('int_identity__hubspot_associations') }} as associations
        on people.contact_id = associations.contact_id

),

versions as (

    select engagements.* from engagements_of_tonight
    inner join {{ ref('int_touches__hubspot_engagements') }} as engagements
        on
            engagements_of_tonight.object_name = engagements.object_name
            and engagements_of_tonight.engagement_id = engagements.engagement_id

),

ranked as (

    {{ rank_versions('versions', 'object_name, engagement_id') }}

),

final as (

    -- A meeting with three contacts touches each of them.
    select
        people.lead_id,
        ranked.object_name,
        ranked.engagement_id || ':' || people.contact_id as activity_id,
        ranked.user_id,
        ranked.occurred_at,
        ranked.recorded_at,
        ranked.is_completed,
        ranked.version_stamp,
        ranked.version_night,
        ranked.record
    from ranked
    cross join {{ each_member('ranked.contact_ids') }} as contact (id)
    inner join people on contact.id = people.contact_id
    where ranked.version_rank = 1

)

select * from final
