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

-- Each system's own rows are joined to the people, so that an index of the landed table finds them.
activities as (

    select
        people.lead_id,
        'salesforce' as source_system,
        'Task' as object_name,
        'salesforce.Task.CompletedDateTime' as occurred_column,
        'salesforce.Task.CreatedDate' as recorded_column,
        tasks.activity_id,
        tasks.user_id,
        tasks.completed_at as occurred_at,
        tasks.completed_at as visible_at,
        tasks.created_at as recorded_at,
        tasks.is_closed and not tasks.is_deleted as is_completed,
        tasks.activity_date,
        tasks.version_stamp,
        tasks.version_night,
        tasks.record
    from people
    inner join {{ ref('stg_salesforce__tasks') }} as tasks
        on people.source_system = 'salesforce' and people.person_id = tasks.who_id

    union all

    -- A meeting counts from its start, once it is over.
    select
        people.lead_id, 'salesforce', 'Event', 'salesforce.Event.StartDateTime',
        'salesforce.Event.CreatedDate', events.activity_id, events.user_id,
        events.started_at,
        coalesce(events.ended_at, events.started_at),
        events.created_at, not events.is_deleted, cast(null as date),
        events.version_stamp, events.version_night, events.record
    from people
    inner join {{ ref('stg_salesforce__events') }} as events
        on people.source_system = 'salesforce' and people.person_id = events.who_id

    union all

    select
        people.lead_id, 'generic', 'activities', 'generic.activities.occurred_at',
        'generic.activities.recorded_at', activities.activity_id, activities.user_id,
        activities.occurred_at,
        activities.occurred_at,
        activities.recorded_at,
        coalesce(lower(activities.status), 'completed') in (
            'completed', 'complete', 'done', 'closed', 'sent', 'held'
        ),
        cast(null as date), activities.version_stamp, activities.version_night, activities.record
    from people
    inner join {{ ref('stg_generic__activities') }} as activities
        on people.source_system = 'generic' and people.person_id = activities.lead_record_id

    union all

    select
        lead_id, 'hubspot', object_name,
        'hubspot.' || object_name || '.' || case object_name
            when 'meetings' then 'hs_meeting_start_time'
            when 'tasks' then 'hs_task_completion_date'
            else 'hs_timestamp'
        end,
        'hubspot.' || object_name || '.hs_createdate',
        activity_id, user_id, occurred_at, occurred_at,
        recorded_at, is_completed, null, version_stamp, version_night, record
    from {{ ref('int_touches__hubspot_activities') }}

),

ranked as (

    {{ rank_versions('activities', 'source_system, object_name, activity_id') }}

),

final as (

    -- What tells no date of its making was made at its oldest stamp or when it happened.
    select
        lead_id, source_system, object_name, occurred_column, recorded_column, activity_id, user_id,
        occurred_at, visible_at,
        coalesce(recorded_at, least(oldest_stamp, occurred_at)) as recorded_at,
        is_completed,
        case when recorded_at is not null then activity_date end as activity_date,
        record
    from (
        select
            ranked.*,
            min(version_stamp) over (partition by source_system, object_name, activity_id)
                as oldest_stamp
        from ranked
    ) as ranked
    where version_rank = 1

)

select * from final
