with clauses as (

    select * from {{ ref('int_sla__judged') }}
    where clause = 'follow_up_before_rejection' and status = 'breached'

),

handoffs as (

    select * from {{ ref('int_handoffs__all_handoffs') }}

),

terms as (

    select agreement_version, tier, channels from {{ ref('stg_agreement__sla_terms') }}
    where clause = 'follow_up_before_rejection'

),

final as (

    select
        'rejected_without_follow_up' as rule,
        'handoff' as subject_type,
        clauses.handoff_id as subject_id,
        clauses.lead_id,
        clauses.handoff_id,
        clauses.due_at as occurred_at,
        'certain' as grade,
        {{ json_object({
            'rejection_at': iso_utc('clauses.due_at'),
            'touches_needed': 'clauses.required',
            'touches_made': 'clauses.actual',
            'channels_needed': 'terms.channels',
            'channels_used': 'handoffs.channels_before_rejection',
            'reason': 'handoffs.rejection_reason',
            'family': 'handoffs.rejection_family',
            'tier': 'clauses.tier',
        }) }} as evidence,
        'Rejected at ' || {{ readable('clauses.due_at') }} || ' after '
        || cast(clauses.actual as integer)
        || ' of '
        || cast(clauses.required as integer)
        || ' promised follow-ups, reason: '
        || coalesce(handoffs.rejection_reason, 'none given') || '.' as message
    from clauses
    inner join handoffs on clauses.handoff_id = handoffs.handoff_id
    left join
        terms
        on clauses.agreement_version = terms.agreement_version and clauses.tier = terms.tier

)

select * from final
