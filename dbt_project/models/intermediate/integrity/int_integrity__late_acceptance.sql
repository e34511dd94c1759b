with handoffs as (

    select * from {{ ref('int_handoffs__all_handoffs') }}
    where
        answer = 'accepted'
        and accepted_by_type = 'human'
        and agreement_version is not null

),

touches as (

    select handoff_id, lead_id, user_id, channel, occurred_at, earliest_at, latest_at
    from {{ ref('int_handoffs__all_touches') }}

),

conversations as (

    select
        handoffs.handoff_id,
        min(touches.occurred_at) as first_conversation_at,
        count(*) as conversations,
        {{ joined('distinct ' ~ bytewise('touches.channel'), ', ', bytewise('touches.channel')) }}
            as channels
    from handoffs
    inner join touches
        on
            handoffs.handoff_id = touches.handoff_id
            and handoffs.accepted_by_id = touches.user_id
            -- In the same second it is one save; on a day without a time it may have come after.
            and touches.latest_at < {{ to_second('handoffs.answered_earliest_at') }}
            and touches.earliest_at >= {{ to_second('handoffs.offered_latest_at') }}
    where {{ is_listed('touches.channel', threshold_text(
        'late_acceptance', 'conversation_channels', 'handoffs.judged_version', ''
    )) }}
    group by handoffs.handoff_id

),

final as (

    select
        'late_acceptance' as rule,
        'handoff' as subject_type,
        handoffs.handoff_id as subject_id,
        handoffs.lead_id,
        handoffs.handoff_id,
        handoffs.accepted_at as occurred_at,
        'certain' as grade,
        {{ json_object({
            'accepted_at': iso_utc('handoffs.accepted_at'),
            'accepted_by_id': 'handoffs.accepted_by_id',
            'first_conversation_at': iso_utc('conversations.first_conversation_at'),
            'conversations_before': 'conversations.conversations',
            'channels': 'conversations.channels',
        }) }} as evidence,
        'Accepted at ' || {{ readable('handoffs.accepted_at') }}
        || {{ by_whom('handoffs.accepted_by_id') }} || ', after a first conversation ('
        || conversations.channels || ') at '
        || {{ readable('conversations.first_conversation_at') }} || '.'
            as message
    from conversations
    inner join handoffs on conversations.handoff_id = handoffs.handoff_id

)

select * from final
