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

channel_map as (

    select * from {{ ref('stg_agreement__channel_map') }}

),

matched as (

    -- The lines are read in order and the first match wins.
    select distinct on (activities.source_system, activities.object_name, activities.activity_id)
        activities.*,
        versions.agreement_version,
        versions.time_zone,
        channel_map.channel
    from activities
    cross join run
    inner join versions
        on
            activities.occurred_at >= versions.in_force_from
            and activities.occurred_at < versions.in_force_to
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
    order by
        activities.source_system,
        activities.object_name,
        activities.activity_id,
        channel_map.line_number

),

final as (

    select * from matched
    where channel <> 'none'

)

select * from final
