with judged as (

    select * from {{ ref('int_integrity__reasoned_rejections') }}

),

broken as (

    select
        'rejection_without_reason' as rule,
        'without a reason that is on the list' as problem,
        judged.*
    from judged
    where not is_listed_reason and rejection_stage <> 'lost' and not is_never_given

    union all

    -- The promised number, if any, was reached; but on one channel only.
    select 'one_touch_abandonment', 'after touches on one channel only (' || channels_named || ')', judged.*
    from judged
    where
        needs_follow_up
        and not has_too_few_touches
        and touches_before_rejection > 0
        and channels_before_rejection
        <= {{ threshold('one_touch_abandonment', 'channels', 'judged.judged_version', 1) }}

    union all

    select 'overqualified_rejection', 'although the definition was met', judged.*
    from judged
    where is_overqualification and met_definition

),

by_handoff as (

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

),

-- A source that never gives a reason is one finding, not one per lead.
by_source as (

    select
        'rejection_without_reason' as rule,
        'source' as subject_type,
        rejection_source_system || '|' || judged_version as subject_id,
        cast(null as {{ type_text() }}) as lead_id,
        cast(null as {{ type_text() }}) as handoff_id,
        min(rejection_at) as occurred_at,
        'certain' as grade,
        {{ json_object({
            'source_system': 'rejection_source_system',
            'agreement_version': 'judged_version',
            'handoffs': 'count(*)',
        }) }} as evidence,
        'No rejection of ' || rejection_source_system || ' ever had a reason; ' || count(*)
        || ' under agreement version ' || judged_version || ' cannot be judged by it.' as message
    from judged
    where is_never_given and rejection_stage <> 'lost'
    group by rejection_source_system, judged_version

),

final as (

    select * from by_handoff
    union all
    select * from by_source

)

select * from final
