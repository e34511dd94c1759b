with activities as (

    select * from {{ ref('int_touches__activities') }}
    where is_completed and occurred_at is not null

),

run as (

    select as_of from {{ source('build', 'build_context') }}

),

versions as (

    select agreement_version, in_force_from, in_force_to, time_zone
    from {{ ref('int_agreement__versions') }}

),

time_columns as (

    select * from {{ ref('int_times__columns') }}

),

channel_map as (

    select * from {{ ref('stg_agreement__channel_map') }}

),

matched as (

    select
        activities.*,
        versions.agreement_version,
        versions.time_zone,
        {{ zone_of_day('activities.occurred_at', 'versions.time_zone', 'time_columns') }}
            as day_zone,
        {{ zone_of_day('activities.recorded_at', 'versions.time_zone', 'recorded_columns') }}
            as recorded_day_zone,
        channel_map.line_number,
        channel_map.channel
    from activities
    cross join run
    inner join versions
        on
            activities.occurred_at >= versions.in_force_from
            and activities.occurred_at < versions.in_force_to
    inner join time_columns on activities.occurred_column = time_columns.time_column
    inner join time_columns as recorded_columns
        on activities.recorded_column = recorded_columns.time_column
    inner join channel_map
        on
            versions.agreement_version = channel_map.agreement_version
            and activities.source_system = channel_map.source_system
            and activities.object_name = channel_map.object_name
            and (
                channel_map.value = '*'
                or {{ json_value('activities.record', 'channel_map.landed_column') }}
                = channel_map.value
            )
    where activities.occurred_at < run.as_of and activities.visible_at < run.as_of

),

-- The lines are read in order and the first match wins.
first_matched as (

    {{ first_per(
        'matched', ['source_system', 'object_name', 'activity_id'], ['line_number']
    ) }}

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
        {{ span_of_day('occurred_at') }},
        recorded_at,
        recorded_day_zone is null as has_recorded_time_of_day,
        {{ earliest_at('recorded_at', 'recorded_day_zone') }} as recorded_from,
        {{ latest_at('recorded_at', 'recorded_day_zone') }} as recorded_until,
        is_completed,
        activity_date,
        record,
        agreement_version,
        time_zone,
        channel
    from first_matched
    where channel <> 'none'

)

select * from final
