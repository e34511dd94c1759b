with handoffs as (

    select * from {{ ref('int_handoffs__judged') }}
    where
        answer = 'accepted'
        and accepted_by_type = 'automation'
        and agreement_version is not null

),

transitions as (

    select * from {{ ref('int_transitions__all_transitions') }}

),

accepting_moves as (

    select
        handoffs.*,
        transitions.transition_number,
        transitions.source_system,
        transitions.campaign,
        transitions.reason,
        transitions.from_stage,
        transitions.to_stage
    from handoffs
    inner join transitions
        on handoffs.lead_id = transitions.lead_id and handoffs.accepted_at = transitions.entered_at
    where transitions.to_stage in {{ accepting_stages() }}

),

acceptances as (

    {{ first_per('accepting_moves', ['handoff_id'], ['transition_number']) }}

),

-- A machine is one signal; an acceptance right when the clock ran out and a batch are two more.
signalled as (

    select
        acceptances.*,
        coalesce(
            has_time_of_day
            and has_answer_time_of_day
            and accepted_at > response_due_at
            and accepted_at <= {{ add_days('response_due_at', threshold(
                'auto_expiry_accepts', 'tolerance_days', 'acceptances.judged_version', 1
            )) }},
            false
        ) as has_timer,
        count(*) over (partition by {{ to_minute('accepted_at') }}, has_answer_time_of_day)
            as in_batch,
        has_answer_time_of_day
        and count(*) over (partition by {{ to_minute('accepted_at') }}, has_answer_time_of_day)
        >= {{ threshold('auto_acceptance', 'batch_size', 'acceptances.judged_version', 5) }}
            as has_batch
    from acceptances

),

final as (

    -- After the clock ran out it is an expiry that accepts, before it an automatic acceptance.
    select
        case
            when coalesce(answered_earliest_at > response_due_at, false) then 'auto_expiry_accepts'
            else 'auto_acceptance'
        end as rule,
        'handoff' as subject_type,
        handoff_id as subject_id,
        lead_id,
        handoff_id,
        accepted_at as occurred_at,
        coalesce(accepted_by_id, campaign) as machine,
        {{ grade(
            '1 + ' ~ how_many(['has_timer', 'has_batch'])
        ) }} as grade,
        {{ json_object({
            'offered_at': iso_utc('offered_at'),
            'accepted_at': iso_utc('accepted_at'),
            'response_due_at': iso_utc('response_due_at'),
            'accepted_by_id': 'accepted_by_id',
            'to_stage': 'to_stage',
            'timer': 'has_timer',
            'in_batch': 'in_batch',
            'reason': 'reason',
            'campaign': 'campaign',
            'touches': 'touches',
        }) }} as evidence,
        'Accepted by the automation' || coalesce(' ' || accepted_by_id, ' ' || campaign, '')
        || ' at ' || {{ readable('accepted_at') }}
        || case
            when coalesce(answered_earliest_at > response_due_at, false)
                then ', after the response fell due at '
                    || {{ readable('response_due_at') }}
            else ', before anybody in sales had to answer'
        end || '.' as message
    from signalled
    where not {{ is_allowed_automation(
        'signalled.judged_version', 'signalled.source_system', 'signalled.accepted_by_id',
        'signalled.campaign', 'signalled.reason', 'signalled.from_stage', 'signalled.to_stage'
    ) }}

)

select * from final
