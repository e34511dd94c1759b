with suspects as (

    select * from {{ ref('int_waterfall__suspect_moves') }}

),

handoffs as (

    select * from {{ ref('int_handoffs__judged') }}

),

transitions as (

    select lead_id, transition_number, to_stage, entered_at, actor_type
    from {{ ref('int_transitions__all_transitions') }}

),

left_out as (

    select
        suspects.transition_number as first_answer_number,
        handoffs.handoff_id,
        handoffs.lead_id,
        handoffs.next_offer_number,
        handoffs.next_offered_at,
        handoffs.response_due_at,
        handoffs.run_as_of
    from suspects
    inner join handoffs on suspects.accepted_handoff_id = handoffs.handoff_id

),

later_answers as (

    select
        left_out.handoff_id,
        transitions.transition_number,
        transitions.to_stage,
        transitions.entered_at,
        transitions.actor_type,
        coalesce(
            transitions.to_stage in {{ declining_stages() }}
            and transitions.actor_type = 'automation'
            and transitions.entered_at > left_out.response_due_at,
            false
        ) as is_expiry
    from left_out
    inner join transitions
        on
            left_out.lead_id = transitions.lead_id
            and left_out.first_answer_number < transitions.transition_number
            and coalesce(left_out.next_offer_number, 2147483647) > transitions.transition_number
    left join suspects
        on
            transitions.lead_id = suspects.lead_id
            and transitions.transition_number = suspects.transition_number
    where
        suspects.lead_id is null
        and (
            transitions.to_stage in {{ accepting_stages() }}
            or transitions.to_stage in {{ declining_stages() }}
        )

),

-- Without the suspect acceptance, the first answer is the next one that no finding names.
answers as (

    {{ first_per('later_answers', ['handoff_id'], ['transition_number']) }}

),

answered as (

    select
        left_out.*,
        answers.entered_at,
        answers.actor_type,
        coalesce(answers.is_expiry, false) as is_expiry,
        case
            when answers.is_expiry then null
            when answers.to_stage in {{ accepting_stages() }} then 'accepted'
            when answers.to_stage in {{ declining_stages() }} then 'rejected'
        end as answer
    from left_out
    left join answers on left_out.handoff_id = answers.handoff_id

),

final as (

    select
        handoff_id,
        {{ handoff_outcome(
            'answer', 'is_expiry', 'next_offered_at', 'response_due_at', 'run_as_of'
        ) }} as outcome,
        case when answer = 'accepted' then entered_at end as accepted_at,
        case when answer = 'accepted' then actor_type end as accepted_by_type
    from answered

)

select * from final
