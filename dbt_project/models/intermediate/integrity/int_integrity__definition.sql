with handoffs as (

    select * from {{ ref('int_handoffs__all_handoffs') }}
    where score_at_offer is null or not met_definition

),

versions as (

    select agreement_version, minimum_score, minimum_attributes
    from {{ ref('int_agreement__versions') }}

),

known_scores as (

    select distinct source_system from {{ ref('int_fields__all_known_roles') }}
    where role = 'score'

),

judged as (

    select
        handoffs.*,
        versions.minimum_score,
        versions.minimum_attributes,
        handoffs.score_at_offer is null
        and handoffs.score_source_system is not null
        and known_scores.source_system is null as is_never_scored
    from handoffs
    inner join versions on handoffs.judged_version = versions.agreement_version
    left join known_scores on handoffs.score_source_system = known_scores.source_system

),

-- A handoff has at most one of the two: no score at all, or a score and still not the definition.
by_handoff as (

    select
        case when score_at_offer is null then 'missing_score' else 'below_definition' end as rule,
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
    where not is_never_scored

),

-- A source that never delivers a score is one finding, not one for each lead.
by_source as (

    select
        'missing_score' as rule,
        'source' as subject_type,
        score_source_system || '|' || judged_version as subject_id,
        cast(null as {{ type_text() }}) as lead_id,
        cast(null as {{ type_text() }}) as handoff_id,
        min(offered_at) as occurred_at,
        'certain' as grade,
        {{ json_object({
            'source_system': 'score_source_system',
            'agreement_version': 'judged_version',
            'handoffs': 'count(*)',
        }) }} as evidence,
        'No lead of ' || score_source_system || ' ever had a score; ' || count(*)
        || ' handoff(s) under agreement version ' || judged_version || ' cannot be judged by it.'
            as message
    from judged
    where is_never_scored
    group by score_source_system, judged_version

),

final as (

    select * from by_handoff
    union all
    select * from by_source

)

select * from final
