with events as (

    select
        event_id, lead_id, occurred_at, earliest_at, latest_at, recorded_at, recorded_from,
        recorded_until, stage, source_system, raw_value, record_created_from
    from {{ ref('int_events__all_stage_events') }}

),

-- An event dated after as_of waits; the finding about it does not.
waiting as (

    select
        event_id, lead_id, occurred_at, earliest_at, latest_at, recorded_at, recorded_from,
        recorded_until, stage, source_system, raw_value,
        cast(null as {{ type_instant() }}) as record_created_from
    from {{ ref('int_integrity__waiting_events') }}

),

versions as (

    select * from {{ ref('int_agreement__versions') }}

),

judged as (

    select
        stamped.*,
        run.as_of,
        -- Of days without a time: whatever their moments were.
        {{ seconds_between('stamped.recorded_until', 'stamped.earliest_at') }} as seconds_ahead,
        {{ seconds_between('stamped.latest_at', 'stamped.recorded_from') }} as seconds_behind,
        {{ threshold('future_or_backdated', 'future_minutes', 'versions.agreement_version', 60) }}
            as future_minutes,
        {{ threshold('future_or_backdated', 'backdated_days', 'versions.agreement_version', 7) }}
            as backdated_days
    from (
        select * from events
        union all
        select * from waiting
    ) as stamped
    cross join {{ source('build', 'build_context') }} as run
    inner join versions
        on
            stamped.occurred_at >= versions.in_force_from
            and stamped.occurred_at < versions.in_force_to

),

explained as (

    select
        judged.*,
        case
            when seconds_ahead > future_minutes * 60 then 'dated after it was recorded'
            when seconds_behind > backdated_days * 86400 then 'recorded long after its date'
            when earliest_at > {{ add_days('as_of', 1) }} then 'dated in the future'
            when latest_at < record_created_from then 'dated before its record was created'
        end as problem
    from judged

),

final as (

    select
        'future_or_backdated' as rule,
        'event' as subject_type,
        event_id as subject_id,
        lead_id,
        cast(null as {{ type_text() }}) as handoff_id,
        occurred_at,
        'certain' as grade,
        {{ json_object({
            'source_system': 'source_system',
            'stage': 'stage',
            'value': 'raw_value',
            'occurred_at': iso_utc('occurred_at'),
            'recorded_at': iso_utc('recorded_at'),
            'problem': 'problem',
        }) }} as evidence,
        'The event of ' || source_system || ' into ' || {{ stage_named('stage', 'raw_value') }}
        || ' of ' || {{ readable('occurred_at') }} || ' is '
        || problem || ' (recorded ' || {{ readable('recorded_at') }} || ').' as message
    from explained
    where problem is not null

)

select * from final
