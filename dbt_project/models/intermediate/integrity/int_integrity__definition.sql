with handoffs as (

    select * from {{ ref('int_handoffs__all_handoffs') }}
    where score_at_offer is null or not met_definition

),

versions as (

    select agreement_version, time_zone, minimum_score, minimum_attributes
    from {{ ref('int_agreement__versions') }}

),

final as (

    -- A handoff has at most one of the two: no score at all, or a score and still not the definition.
    select
        case when handoffs.score_at_offer is null then 'missing_score' else 'below_definition' end as rule,
        'handoff' as subject_type,
        handoffs.handoff_id as subject_id,
        handoffs.lead_id,
        handoffs.handoff_id,
        handoffs.offered_at as occurred_at,
        'certain' as grade,
        jsonb_build_object(
            'score', handoffs.score_at_offer, 'minimum_score', versions.minimum_score,
            'attributes_met', handoffs.attributes_met, 'minimum_attributes', versions.minimum_attributes,
            'accepted', handoffs.answer = 'accepted'
        ) as evidence,
        'Handed over at ' || {{ readable('handoffs.offered_at', 'versions.time_zone') }} || ' with '
        || coalesce('score ' || handoffs.score_at_offer::text, 'no score') || ' and '
        || handoffs.attributes_met || ' attributes; agreed are score '
        || coalesce(versions.minimum_score::text, 'any') || ' and '
        || coalesce(versions.minimum_attributes::text, 'any') || ' attributes.' as message
    from handoffs
    inner join versions on handoffs.judged_version = versions.agreement_version

)

select * from final
