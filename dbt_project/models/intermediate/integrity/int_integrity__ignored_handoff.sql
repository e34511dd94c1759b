with handoffs as (

    select * from {{ ref('int_handoffs__judged') }}
    where outcome = 'ignored' and agreement_version is not null

),

final as (

    select
        'ignored_handoff' as rule,
        'handoff' as subject_type,
        handoffs.handoff_id as subject_id,
        handoffs.lead_id,
        handoffs.handoff_id,
        handoffs.response_due_at as occurred_at,
        'certain' as grade,
        {{ json_object({
            'offered_at': iso_utc('handoffs.offered_at'),
            'response_due_at': iso_utc('handoffs.response_due_at'),
            'owner_id': 'handoffs.owner_id_at_offer',
            'tier': 'handoffs.tier',
            'touches': 'handoffs.touches',
            'expired': 'handoffs.expired',
        }) }} as evidence,
        'Nobody answered the handoff of '
        || {{ readable('handoffs.offered_at') }}
        || coalesce(' to ' || handoffs.owner_id_at_offer, '')
        || ' by ' || {{ readable('handoffs.response_due_at') }} || '.'
            as message
    from handoffs

)

select * from final
