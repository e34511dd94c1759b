{{ config(
    materialized='incremental',
    incremental_strategy='append',
    indexes=[
        {'columns': ['touch_id'], 'unique': true},
        {'columns': ['lead_id', 'occurred_second']},
    ],
    pre_hook="{{ forget_affected_leads() }}"
) }}

with channelled as (

    select * from {{ ref('int_touches__channelled') }}

),

roster as (

    select agreement_version, source_system, user_id from {{ ref('stg_agreement__roster') }}
    where job_function = 'sales'

),

automation_users as (

    select agreement_version, source_system, user_id
    from {{ ref('stg_agreement__automation_users') }}

),

by_sales as (

    -- A touch is a sales user's; an activity without a user is shown and counts for nothing.
    select channelled.*
    from channelled
    left join roster
        on
            channelled.agreement_version = roster.agreement_version
            and channelled.source_system = roster.source_system
            and channelled.user_id = roster.user_id
    left join automation_users
        on
            channelled.agreement_version = automation_users.agreement_version
            and channelled.source_system = automation_users.source_system
            and channelled.user_id = automation_users.user_id
    where channelled.user_id is null
        or (roster.user_id is not null and automation_users.user_id is null)

),

counted as (

    select
        by_sales.*,
        row_number() over (
            partition by
                lead_id, source_system, user_id, channel, has_time_of_day,
                {{ to_minute('occurred_at') }}
            order by occurred_at, {{ bytewise('activity_id') }}
        ) as minute_rank
    from by_sales

),

final as (

    select
        {{ hash_id(['source_system', 'object_name', 'activity_id']) }} as touch_id,
        lead_id,
        source_system,
        object_name,
        activity_id,
        user_id,
        channel,
        occurred_at,
        {{ to_second('occurred_at') }} as occurred_second,
        has_time_of_day,
        earliest_at,
        latest_at,
        recorded_at,
        has_recorded_time_of_day,
        recorded_from,
        recorded_until,
        -- Of days without a time: late whatever their moments were.
        recorded_from > {{ add_days('latest_at', 1) }}
        or coalesce(
            object_name = 'Task'
            and latest_at <= recorded_from
            and activity_date
            <= {{ add_calendar_days(local_date('recorded_from', 'time_zone'), -2) }},
            false
        ) as is_late_logged
    from counted
    -- Nothing says that two are one whose minute nobody knows.
    where minute_rank = 1 or not has_time_of_day

)

select * from final
