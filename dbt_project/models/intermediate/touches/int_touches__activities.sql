{{ config(indexes=[{'columns': ['lead_id']}]) }}

with records as (

    select lead_id, source_system, record_id, contact_id
    from {{ ref('int_identity__affected_records') }}

),

-- An activity of a converted lead names its contact. Two leads with one contact: the first one has
-- it.
people as (

    select source_system, record_id as person_id, lead_id from records

    union all

    select source_system, contact_id, min(lead_id) from records
    where contact_id is not null
    group by source_system, contact_id

),

activities as (

    select
        'salesforce' as source_system,
        'Task' as object_name,
        activity_id,
        who_id as person_id,
        user_id,
        completed_at as occurred_at, completed_at as visible_at, created_at as recorded_at,
        is_closed and not is_deleted as is_completed, activity_date,
        version_stamp, version_night, record
    from {{ ref('stg_salesforce__tasks') }}

    union all

    -- A meeting counts from its start, once it is over.
    select
        'salesforce',
        'Event',
        activity_id,
        who_id,
        user_id,
        started_at,
        coalesce(ended_at, started_at),
        created_at, not is_deleted, cast(null as date), version_stamp, version_night, record
    from {{ ref('stg_salesforce__events') }}

    union all

    select
        'generic', 'activities', activity_id, lead_record_id, user_id, occurred_at, occurred_at,
        recorded_at,
        coalesce(lower(status), 'completed') in (
            'completed', 'complete', 'done', 'closed', 'sent', 'held'
        ),
        cast(null as date), version_stamp, version_night, record
    from {{ ref('stg_generic__activities') }}

),

of_affected_leads as (

    select
        people.lead_id,
        activities.*
    from activities
    inner join people
        on
            activities.source_system = people.source_system
            and activities.person_id = people.person_id

),

ranked as (

    {{ rank_versions('of_affected_leads', 'source_system, object_name, activity_id') }}

),

final as (

    select
        lead_id,
        source_system,
        object_name,
        activity_id,
        user_id,
        occurred_at,
        visible_at,
        recorded_at,
        is_completed,
        activity_date,
        record
    from ranked
    where version_rank = 1

)

select * from final
