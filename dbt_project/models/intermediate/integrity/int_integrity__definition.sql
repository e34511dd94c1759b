with handoffs as (

    select * from {{ ref('int_handoffs__judged') }}
    where agreement_version is not null

),

versions as (

    select agreement_version, minimum_score, minimum_attributes
    from {{ ref('int_agreement__versions') }}

),

score_spans as (

    select * from {{ ref('int_delivery__spans') }}

),

judged as (

    select
        handoffs.*,
        versions.minimum_score,
        versions.minimum_attributes,
        handoffs.score_at_offer is null and versions.minimum_score is not null as is_score_missing,
        score_spans.kind is not null as is_score_delivered
    from handoffs
    inner join versions on handoffs.judged_version = versions.agreement_version
    left join score_spans
        on {{ is_delivered(
            'score_spans', 'scores', 'handoffs.judged_version', 'handoffs.offered_at',
            'handoffs.offered_at'
        ) }}

),

-- A handoff has at most one of the two: no score where one is agreed, or else not the definition.
final as (

    select
        case when is_score_missing then 'missing_score' else 'below_definition' end as rule,
        'handoff' as subject_type,
        handoff_id as subject_id,
        lead_id,
        handoff_id,
        offered_at as occurred_at,
        'certain' as grade,
        {{ json_object({
            'score': 'score_at_offer',
            'minimum_score': 'minimum_score',
            'attributes_met': 'attributes_met',
            'minimum_attributes': 'minimum_attributes',
            'accepted': "coalesce(answer = 'accepted', false)",
        }) }} as evidence,
        'Handed over at ' || {{ readable('offered_at') }} || ' with '
        || coalesce('score ' || cast(score_at_offer as {{ type_text() }}), 'no score')
        || ' and ' || attributes_met || ' attributes; agreed are score '
        || coalesce(cast(minimum_score as {{ type_text() }}), 'any') || ' and '
        || coalesce(cast(minimum_attributes as {{ type_text() }}), 'any')
        || ' attributes.' as message
    from judged
    where
        (is_score_missing and is_score_delivered)
        or (not is_score_missing and met_definition is false and not is_definition_open)

)

select * from final
