with touches as (

    select touches.* from {{ ref('int_touches__all_touches') }} as touches
    inner join {{ ref('int_agreement__in_force') }} as in_force
        on touches.recorded_at >= in_force.agreed_from
    where touches.user_id is not null
        -- What was recorded on a day was recorded in no minute of it that anybody knows.
        and touches.has_recorded_time_of_day

),

versions as (

    select
        agreement_version,
        in_force_from,
        in_force_to,
        {{ threshold('padded_activity', 'batch_size', 'versions.agreement_version', 5) }}
            as batch_size,
        {{ threshold('padded_activity', 'batch_minutes', 'versions.agreement_version', 1) }}
            as batch_minutes,
        {{ threshold('padded_activity', 'late_days', 'versions.agreement_version', 1) }}
            as late_days
    from {{ ref('int_agreement__versions') }} as versions

),

batches as (

    -- What one user recorded in one span of minutes.
    select
        touches.source_system,
        touches.user_id,
        {{ to_span('touches.recorded_at', 'versions.batch_minutes') }} as recorded_from,
        versions.batch_minutes,
        count(*) as touches,
        count(distinct touches.lead_id) as leads,
        min(touches.occurred_at) as first_occurred_at,
        max(touches.occurred_at) as last_occurred_at,
        count(distinct {{ to_minute('touches.occurred_at') }}) as occurred_minutes,
        bool_and(touches.has_time_of_day) as is_clocked,
        count(*) filter (
            where touches.is_late_logged
            or touches.recorded_at > {{ add_days('touches.latest_at', 'versions.late_days') }}
        ) as late_touches,
        max(versions.batch_size) as batch_size
    from touches
    inner join versions
        on
            touches.recorded_at >= versions.in_force_from
            and touches.recorded_at < versions.in_force_to
    group by
        touches.source_system, touches.user_id, versions.batch_minutes,
        {{ to_span('touches.recorded_at', 'versions.batch_minutes') }}

),

final as (

    -- Many at once are one signal; that they are said to be older, and that all of them are said to
    -- have happened in one minute, are two more.
    select
        'padded_activity' as rule,
        'touch_batch' as subject_type,
        source_system || '|' || user_id || '|' || {{ iso_utc('recorded_from') }} as subject_id,
        cast(null as {{ type_text() }}) as lead_id,
        cast(null as {{ type_text() }}) as handoff_id,
        recorded_from as occurred_at,
        {{ grade('1 + ' ~ how_many(['late_touches > 0', 'is_clocked and occurred_minutes = 1'])) }}
            as grade,
        {{ json_object({
            'user_id': 'user_id',
            'recorded_from': iso_utc('recorded_from'),
            'touches': 'touches',
            'leads': 'leads',
            'late_touches': 'late_touches',
            'first_occurred_at': iso_utc('first_occurred_at'),
            'last_occurred_at': iso_utc('last_occurred_at'),
        }) }} as evidence,
        touches || ' touches of ' || leads || ' leads were recorded within ' || batch_minutes
        || ' minute(s) from ' || {{ readable('recorded_from') }} || ' by ' || user_id
        || ', ' || late_touches || ' of them late.' as message
    from batches
    where touches >= batch_size

)

select * from final
