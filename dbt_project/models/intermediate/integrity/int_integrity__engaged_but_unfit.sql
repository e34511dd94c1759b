with handoffs as (

    select * from {{ ref('int_handoffs__all_handoffs') }}
    where
        engagement_score_at_offer is not null
        and fit_score_at_offer is not null
        and agreement_version is not null

),

final as (

    select
        'engaged_but_unfit' as rule,
        'handoff' as subject_type,
        handoffs.handoff_id as subject_id,
        handoffs.lead_id,
        handoffs.handoff_id,
        handoffs.offered_at as occurred_at,
        'certain' as grade,
        {{ json_object({
            'score': 'handoffs.score_at_offer',
            'engagement_score': 'handoffs.engagement_score_at_offer',
            'fit_score': 'handoffs.fit_score_at_offer',
        }) }} as evidence,
        'Handed over at ' || {{ readable('handoffs.offered_at') }}
        || ' for its engagement (' || handoffs.engagement_score_at_offer
        || ' points) with little fit (' || handoffs.fit_score_at_offer || ' points).' as message
    from handoffs
    where
        handoffs.least_engagement_score
        >= {{ threshold('engaged_but_unfit', 'engagement_score', 'handoffs.judged_version', 45) }}
        and handoffs.most_fit_score
        <= {{ threshold('engaged_but_unfit', 'fit_score', 'handoffs.judged_version', 20) }}

)

select * from final
