with clauses as (

    select * from {{ ref('int_sla__judged') }}
    where clause = 'follow_up_before_rejection' and status = 'breached'

),

rejections as (

    select * from {{ ref('int_integrity__rejected_handoffs') }}

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
            'rejected_by_id': 'rejections.rejected_by_id',
            'touches_needed': 'clauses.required',
            'touches_made': 'clauses.actual',
            'channels_needed': 'terms.channels',
            'channels_used': 'rejections.channels_before_rejection',
            'channels': 'rejections.channels_named',
            'reason': 'rejections.rejection_reason',
            'family': 'rejections.rejection_family',
            'tier': 'clauses.tier',
        }) }} as evidence,
        'Rejected at ' || {{ readable('clauses.due_at') }}
        || {{ by_whom('rejections.rejected_by_id') }} || ' after '
        || cast(clauses.actual as integer)
        || ' of '
        || cast(clauses.required as integer)
        || ' promised follow-ups' || coalesce(' (' || rejections.channels_named || ')', '')
        || {{ reason_told('rejections.rejection_reason', 'rejections.is_listed_reason') }}
            as message
    from clauses
    inner join rejections on clauses.handoff_id = rejections.handoff_id
    left join
        terms
        on clauses.agreement_version = terms.agreement_version and clauses.tier = terms.tier

)

select * from final
