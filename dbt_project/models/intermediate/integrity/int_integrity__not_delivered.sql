with handoffs as (

    select * from {{ ref('int_handoffs__judged') }}
    where agreement_version is not null

),

versions as (

    select agreement_version, minimum_score, minimum_attributes
    from {{ ref('int_agreement__versions') }}

),

telling_sql as (

    select distinct agreement_version from {{ ref('stg_agreement__stage_map') }}
    where stage = 'sql' and is_authority and {{ is_lead_object('object_name') }}

),

-- By which kinds of facts a handoff would be judged.
judged as (

    select
        handoffs.agreement_version,
        handoffs.offered_at,
        kinds.kind
    from handoffs
    inner join versions on handoffs.agreement_version = versions.agreement_version
    left join telling_sql on handoffs.agreement_version = telling_sql.agreement_version
    cross join
        lateral (
            values
            ('owners', true),
            ('users', handoffs.owner_id_at_offer is not null),
            ('scores', versions.minimum_score is not null),
            ('attributes', versions.minimum_attributes is not null),
            ('activities', handoffs.answer is not null),
            (
                'reasons',
                coalesce(handoffs.rejected_by_type, handoffs.sent_back_by_type) <> 'automation'
            ),
            (
                'opportunities',
                handoffs.sql_at is not null
                or handoffs.won_at is not null
                or (handoffs.sal_at is not null and telling_sql.agreement_version is null)
            )
        ) as kinds (kind, is_judged)
    where kinds.is_judged

),

counted as (

    select agreement_version, kind, count(*) as handoffs, min(offered_at) as first_offered_at
    from judged
    group by agreement_version, kind

),

lacking as (

    select
        counted.*,
        thin_versions.handoffs as accepted_handoffs,
        thin_versions.touched
    from counted
    inner join {{ ref('int_delivery__kinds') }} as kinds on counted.kind = kinds.kind
    left join {{ ref('int_delivery__thin_versions') }} as thin_versions
        on
            counted.kind = 'activities'
            and counted.agreement_version = thin_versions.agreement_version
    where kinds.delivered_from is null or thin_versions.agreement_version is not null

),

final as (

    -- What does not come in is said once, and held against nobody.
    select
        'not_delivered' as rule,
        'kind_of_fact' as subject_type,
        kind || '|' || agreement_version as subject_id,
        cast(null as {{ type_text() }}) as lead_id,
        cast(null as {{ type_text() }}) as handoff_id,
        first_offered_at as occurred_at,
        'certain' as grade,
        {{ json_object({
            'kind': 'kind',
            'agreement_version': 'agreement_version',
            'handoffs': 'handoffs',
            'accepted_handoffs': 'accepted_handoffs',
            'touched_handoffs': 'touched',
        }) }} as evidence,
        case
            when accepted_handoffs is null then 'No ' || kind || ' come in'
            else 'Of ' || accepted_handoffs || ' accepted handoffs only ' || touched
                || ' have any touch'
        end
        || ': ' || handoffs || ' handoff(s) under agreement version ' || agreement_version
        || ' cannot be judged by ' || kind || '.' as message
    from lacking

)

select * from final
