with handoffs as (

    select * from {{ ref('int_handoffs__all_handoffs') }}

),

user_versions as (

    select
        'salesforce' as source_system, user_id, is_active, version_stamp, version_night, record
    from {{ ref('stg_salesforce__users') }}

    union all

    select 'generic', user_id, is_active, version_stamp, version_night, record
    from {{ ref('stg_generic__users') }}

    union all

    select 'hubspot', user_id, not is_archived, version_stamp, version_night, record
    from {{ ref('stg_hubspot__owners') }}

),

ranked as (

    {{ rank_versions('user_versions', 'source_system, user_id') }}

),

owned as (

    -- The user as known at the offer; where nothing was known by then, as first delivered.
    select
        handoffs.*,
        ranked.is_active,
        row_number() over (
            partition by handoffs.handoff_id
            order by
                case when ranked.version_stamp <= handoffs.offered_at then 0 else 1 end,
                case when ranked.version_stamp <= handoffs.offered_at then ranked.version_rank end,
                ranked.version_rank desc
        ) as preference
    from handoffs
    inner join ranked
        on
            handoffs.owner_source_system = ranked.source_system
            and handoffs.owner_id_at_offer = ranked.user_id

),

final as (

    select
        'owner_inactive' as rule,
        'handoff' as subject_type,
        owned.handoff_id as subject_id,
        owned.lead_id,
        owned.handoff_id,
        owned.offered_at as occurred_at,
        'certain' as grade,
        {{ json_object({
            'offered_at': iso_utc('owned.offered_at'),
            'owner_id': 'owned.owner_id_at_offer',
        }) }} as evidence,
        'Handed over at ' || {{ readable('owned.offered_at') }}
        || ' to a user who has left.' as message
    from owned
    where owned.preference = 1 and not owned.is_active

)

select * from final
