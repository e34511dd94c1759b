with batched as (

    select
        moves.*,
        {{ threshold('silent_auto_promotion', 'tolerance_days', 'moves.agreement_version', 1) }}
            as tolerance_days
    from {{ ref('int_integrity__promotions') }} as moves

),

signalled as (

    select
        batched.*,
        exists(
            select 1 from {{ each_listed(threshold_text(
                'silent_auto_promotion', 'timer_days', 'batched.agreement_version', '14'
            )) }} as timer (days)
            where abs(elapsed_days - cast(timer.days as numeric)) <= tolerance_days
        ) as has_listed_timer,
        inferred.timer_days as inferred_timer_days,
        inferred.evidence as inferred_timer,
        in_batch
        >= {{ threshold('silent_auto_promotion', 'batch_size', 'batched.agreement_version', 5) }}
            as has_batch
    from batched
    left join lateral (
        select timers.timer_days, timers.evidence
        from {{ ref('int_integrity__inferred_timers') }} as timers
        where
            batched.from_stage = timers.from_stage
            and batched.to_stage = timers.to_stage
            and (timers.actor_id is null or batched.actor_id = timers.actor_id)
            and abs(batched.elapsed_days - timers.timer_days) <= batched.tolerance_days
        order by timers.p_corrected, timers.timer_days, timers.actor_id
        limit 1
    ) as inferred on true
    where not {{ is_allowed_automation(
        'batched.agreement_version', 'batched.source_system', 'batched.actor_id', 'batched.campaign',
        'batched.reason', 'batched.from_stage', 'batched.to_stage'
    ) }}

),

timed as (

    select
        signalled.*,
        has_listed_timer or inferred_timer_days is not null as has_timer,
        concat_ws(
            ', ',
            case when is_machine then 'reason "' || reason || '"' end,
            case when actor_type = 'automation' then 'user ' || actor_id end,
            'a timer of ' || coalesce(
                inferred_timer_days, case when has_listed_timer then round(elapsed_days) end
            ) || ' days'
        ) as rule_suspected
    from signalled

),

judged as (

    -- Into won a machine is enough and silence a further signal; elsewhere silence is the condition
    -- and a machine a further signal.
    select
        timed.*,
        case
            when to_stage = 'won' and actor_type = 'automation'
                then greatest({{ how_many(['is_silent', 'has_timer', 'has_batch']) }}, 1)
            when is_silent then {{ how_many(['is_machine', 'has_timer', 'has_batch']) }}
            else 0
        end as signals
    from timed

),

final as (

    select
        'silent_auto_promotion' as rule,
        'transition' as subject_type,
        judged.transition_id as subject_id,
        judged.lead_id,
        judged.transition_number,
        judged.entered_at as occurred_at,
        {{ grade('signals') }} as grade,
        {{ json_object({
            'from_stage': 'from_stage',
            'to_stage': 'to_stage',
            'previous_entered_at': iso_utc('previous_entered_at'),
            'entered_at': iso_utc('entered_at'),
            'elapsed_days': 'round(elapsed_days, 3)',
            'touches_since_previous': 'touches_since_previous',
            'actor_id': 'actor_id',
            'actor_type': 'actor_type',
            'reason': 'reason',
            'campaign': 'campaign',
            'machine': 'is_machine',
            'timer': 'has_timer',
            'inferred_timer': 'inferred_timer',
            'rule_suspected': 'rule_suspected',
            'batch': 'has_batch',
            'in_batch': 'in_batch',
        }) }} as evidence,
        'Promoted from ' || from_stage || ' to ' || to_stage || ' at '
        || {{ readable('entered_at') }} || ' after ' || round(elapsed_days, 1)
        || ' days with ' || touches_since_previous || ' sales touches'
        || case when is_machine then ', by an automation' else '' end
        || case when has_timer then ', as a timer would' else '' end
        || case when has_batch then ', in a batch of ' || in_batch else '' end || '.' as message
    from judged
    where signals >= 1

)

select * from final
