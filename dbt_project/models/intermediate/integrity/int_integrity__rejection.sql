with judged as (

    select * from {{ ref('int_integrity__reasoned_rejections') }}

),

broken as (

    select
        'rejection_without_reason' as rule,
        'without a reason that is on the list' as problem,
        judged.*
    from judged
    where not is_listed_reason and rejection_stage <> 'lost'

    union all

    -- The promised number, if any, was reached; but on one channel only.
    select
        'one_touch_abandonment',
        'after touches on one channel only (' || channels_named || ')',
        judged.*
    from judged
    where
        needs_follow_up
        and not has_too_few_touches
        -- Whatever the moments of days were, some touch came before it.
        and has_touch_before_rejection
        and channels_before_rejection
        <= {{ threshold('one_touch_abandonment', 'channels', 'judged.judged_version', 1) }}

    union all

    select 'overqualified_rejection', 'although the definition was met', judged.*
    from judged
    where is_overqualification and met_definition

),

final as (

    select
        rule,
        'handoff' as subject_type,
        handoff_id as subject_id,
        lead_id,
        handoff_id,
        rejection_at as occurred_at,
        'certain' as grade,
        {{ json_object({
            'rejection_at': iso_utc('rejection_at'),
            'stage': 'rejection_stage',
            'reason': 'rejection_reason',
            'family': 'rejection_family',
            'touches_before': 'touches_before_rejection',
            'channels_before': 'channels_before_rejection',
            'channels': 'channels_named',
            'rejected_by_id': 'rejected_by_id',
            'met_definition': 'met_definition',
        }) }} as evidence,
        'Rejected at ' || {{ readable('rejection_at') }} || {{ by_whom('rejected_by_id') }} || ' '
        || problem || {{ reason_told('rejection_reason', 'is_listed_reason') }} as message
    from broken

)

select * from final
