with handoffs as (

    select * from {{ ref('int_handoffs__all_handoffs') }}
    where owner_id_at_offer is null

),

versions as (

    select agreement_version, routing_grace_minutes
    from {{ ref('int_agreement__versions') }}

),

known_owners as (

    select distinct source_system from {{ ref('int_fields__all_known_roles') }}
    where role = 'owner'

),

-- The owner is the SFA system's; a lead known to two of them is read from the dedicated one.
owner_sources as (

    select
        handoffs.handoff_id,
        records.source_system,
        case sources.role when 'sfa' then 0 else 1 end as source_order
    from handoffs
    inner join {{ ref('int_identity__all_lead_ids') }} as records
        on handoffs.lead_id = records.lead_id
    inner join {{ ref('stg_agreement__fields') }} as fields
        on
            handoffs.judged_version = fields.agreement_version
            and records.source_system = fields.source_system
            and fields.role = 'owner'
    inner join {{ ref('stg_agreement__sources') }} as sources
        on records.source_system = sources.source_system and sources.role in ('sfa', 'both')

),

owner_source as (

    {{ first_per(
        'owner_sources', ['handoff_id'], ['source_order', bytewise('source_system')]
    ) }}

),

judged as (

    select
        handoffs.handoff_id,
        handoffs.lead_id,
        handoffs.judged_version,
        handoffs.offered_at,
        versions.routing_grace_minutes,
        owner_source.source_system,
        owner_source.source_system is not null and known_owners.source_system is null
            as is_never_owned
    from handoffs
    inner join versions on handoffs.judged_version = versions.agreement_version
    left join owner_source on handoffs.handoff_id = owner_source.handoff_id
    left join known_owners on owner_source.source_system = known_owners.source_system

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
    where
        not judged.is_never_owned
        and run.as_of
        > {{ add_seconds('judged.offered_at', 'judged.routing_grace_minutes * 60') }}

    union all

    -- A source that never delivers an owner is one finding, not one for each lead.
    select
        'no_owner',
        'source',
        source_system || '|' || judged_version,
        null,
        null,
        min(offered_at),
        'certain',
        {{ json_object({
            'source_system': 'source_system',
            'agreement_version': 'judged_version',
            'handoffs': 'count(*)',
        }) }},
        'No lead of ' || source_system || ' ever had an owner; ' || count(*)
        || ' handoff(s) under agreement version ' || judged_version || ' cannot be judged by it.'
    from judged
    where is_never_owned
    group by source_system, judged_version

)

select * from final
