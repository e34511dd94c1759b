with handoffs as (

    select * from {{ ref('int_handoffs__all_handoffs') }}

),

run as (

    select as_of from {{ source('build', 'build_context') }}

),

versions as (

    select agreement_version, time_zone, routing_grace_minutes
    from {{ ref('int_agreement__versions') }}

),

user_versions as (

    select 'salesforce' as source_system, user_id, is_active, version_stamp, version_night
    from {{ ref('stg_salesforce__users') }}

    union all

    select 'generic', user_id, is_active, version_stamp, version_night
    from {{ ref('stg_generic__users') }}

),

owned as (

    -- The user as known at the offer; where nothing was known by then, as first delivered.
    select
        handoffs.*,
        user_versions.is_active,
        row_number() over (
            partition by handoffs.handoff_id
            order by
                case when user_versions.version_stamp <= handoffs.offered_at then 0 else 1 end,
                case
                    when user_versions.version_stamp <= handoffs.offered_at
                        then user_versions.version_stamp
                end desc,
                case
                    when user_versions.version_stamp <= handoffs.offered_at
                        then user_versions.version_night
                end desc,
                user_versions.version_stamp,
                user_versions.version_night
        ) as preference
    from handoffs
    inner join user_versions
        on
            handoffs.owner_source_system = user_versions.source_system
            and handoffs.owner_id_at_offer = user_versions.user_id

),

broken as (

    select
        'owner_inactive' as rule, handoff_id, lead_id, offered_at, owner_id_at_offer,
        judged_version, 'a user who has left' as receiver
    from owned
    where preference = 1 and not is_active

    union all

    select
        'no_owner', handoffs.handoff_id, handoffs.lead_id, handoffs.offered_at,
        handoffs.owner_id_at_offer, handoffs.judged_version, 'nobody'
    from handoffs
    cross join run
    inner join versions on handoffs.judged_version = versions.agreement_version
    where
        handoffs.owner_id_at_offer is null
        and run.as_of
        > {{ add_seconds('handoffs.offered_at', 'versions.routing_grace_minutes * 60') }}

),

final as (

    select
        broken.rule,
        'handoff' as subject_type,
        broken.handoff_id as subject_id,
        broken.lead_id,
        broken.handoff_id,
        broken.offered_at as occurred_at,
        'certain' as grade,
        {{ json_object({
            'offered_at': iso_utc('broken.offered_at'),
            'owner_id': 'broken.owner_id_at_offer',
            'grace_minutes': 'versions.routing_grace_minutes',
        }) }} as evidence,
        'Handed over at ' || {{ readable('broken.offered_at', 'versions.time_zone') }} || ' to '
        || broken.receiver || '.' as message
    from broken
    inner join versions on broken.judged_version = versions.agreement_version

)

select * from final
