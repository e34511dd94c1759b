with transitions as (

    select * from {{ ref('int_transitions__all_transitions') }}

),

previous as (

    select lead_id, transition_number, entered_at, to_stage from transitions

),

versions as (

    select agreement_version, time_zone from {{ ref('int_agreement__versions') }}

),

promotions as (

    select
        transitions.*,
        previous.entered_at as previous_entered_at,
        {{ seconds_between('previous.entered_at', 'transitions.entered_at') }} / 86400
            as elapsed_days,
        transitions.actor_type = 'automation'
        or {{ mentions('transitions.reason', automation_words()) }}
            as is_machine
    from transitions
    inner join previous
        on
            transitions.lead_id = previous.lead_id
            and transitions.transition_number = previous.transition_number + 1
    where
        transitions.direction = 'forward'
        and transitions.from_stage in ('sal', 'sql')
        and transitions.to_stage in ('sql', 'won')

),

batched as (

    -- Many silent moves in one minute are one batch, whoever's name they carry.
    select
        promotions.*,
        count(*) filter (where is_silent) over (
            partition by {{ to_minute('entered_at') }}
        ) as in_batch
    from promotions

),

signalled as (

    select
        batched.*,
        coalesce(is_machine, false) as has_machine,
        exists(
            select 1
            from {{ each_listed(threshold_text(
                    'silent_auto_promotion', 'timer_days', 'batched.agreement_version', '14'
                )) }} as timer (days)
            where
                abs(elapsed_days - cast(timer.days as numeric))
                <= {{ threshold(
                    'silent_auto_promotion', 'tolerance_days', 'batched.agreement_version', 1
                ) }}
        ) as has_timer,
        in_batch
        >= {{ threshold('silent_auto_promotion', 'batch_size', 'batched.agreement_version', 5) }}
            as has_batch
    from batched
    where not {{ is_allowed_automation(
        'batched.agreement_version', 'batched.source_system', 'batched.actor_id', 'batched.campaign',
        'batched.reason', 'batched.from_stage', 'batched.to_stage'
    ) }}

),

judged as (

    -- Into won a machine is enough and silence a further signal; elsewhere silence is the condition
    -- and a machine a further signal.
    select
        signalled.*,
        case
            when to_stage = 'won' and actor_type = 'automation'
                then greatest({{ how_many(['is_silent', 'has_timer', 'has_batch']) }}, 1)
            when is_silent then {{ how_many(['has_machine', 'has_timer', 'has_batch']) }}
            else 0
        end as signals
    from signalled

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
            'machine': 'has_machine',
            'timer': 'has_timer',
            'batch': 'has_batch',
            'in_batch': 'in_batch',
        }) }} as evidence,
        'Promoted from ' || from_stage || ' to ' || to_stage || ' at '
        || {{ readable('entered_at', 'versions.time_zone') }} || ' after ' || round(elapsed_days, 1)
        || ' days with ' || touches_since_previous || ' sales touches'
        || case when has_machine then ', by an automation' else '' end
        || case when has_timer then ', as a timer would' else '' end
        || case when has_batch then ', in a batch of ' || in_batch else '' end || '.' as message
    from judged
    inner join versions on judged.agreement_version = versions.agreement_version
    where signals >= 1

)

select * from final
