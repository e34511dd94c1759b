with handoffs as (

    select * from {{ ref('int_handoffs__all_handoffs') }}
    where owner_id_at_offer is null and agreement_version is not null

),

versions as (

    select agreement_version, routing_grace_minutes
    from {{ ref('int_agreement__versions') }}

),

spans as (

    select * from {{ ref('int_delivery__spans') }}

),

judged as (

    select
        handoffs.*,
        versions.routing_grace_minutes,
        {{ add_seconds('handoffs.offered_latest_at', 'versions.routing_grace_minutes * 60') }}
            as routed_until
    from handoffs
    inner join versions on handoffs.judged_version = versions.agreement_version

),

final as (

    select
        'no_owner' as rule,
        'handoff' as subject_type,
        judged.handoff_id as subject_id,
        judged.lead_id,
        judged.handoff_id,
        judged.offered_at as occurred_at,
        'certain' as grade,
        {{ json_object({
            'offered_at': iso_utc('judged.offered_at'),
            'grace_minutes': 'judged.routing_grace_minutes',
        }) }} as evidence,
        'Handed over at ' || {{ readable('judged.offered_at') }}
        || ' to nobody.' as message
    from judged
    cross join {{ source('build', 'build_context') }} as run
    inner join spans
        on {{ is_delivered(
            'spans', 'owners', 'judged.judged_version', 'judged.offered_at', 'judged.routed_until'
        ) }}
    where run.as_of > judged.routed_until

)

select * from final
