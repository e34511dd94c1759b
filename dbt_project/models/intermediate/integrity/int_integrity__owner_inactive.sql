with handoffs as (

    select * from {{ ref('int_handoffs__all_handoffs') }}
    where agreement_version is not null

),

spans as (

    select * from {{ ref('int_delivery__spans') }}

),

user_versions as (

    select user_versions.*, {{ to_second('version_stamp') }} as stamp_second
    from {{ ref('int_leads__user_versions') }} as user_versions

),

owned as (

    -- The user as known at the offer; where nothing was known by then, as first delivered.
    select
        handoffs.*,
        user_versions.is_active,
        row_number() over (
            partition by handoffs.handoff_id
            order by
                case when user_versions.stamp_second <= handoffs.offered_at then 0 else 1 end,
                case
                    when user_versions.stamp_second <= handoffs.offered_at
                        then user_versions.version_rank
                end,
                user_versions.version_rank desc
        ) as preference
    from handoffs
    inner join spans
        on {{ is_delivered(
            'spans', 'owners', 'handoffs.judged_version', 'handoffs.offered_at',
            'handoffs.offered_at'
        ) }}
    inner join user_versions
        on
            handoffs.owner_source_system = user_versions.source_system
            and handoffs.owner_id_at_offer = user_versions.user_id

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
        || ' to ' || owned.owner_id_at_offer || ', a user who has left.' as message
    from owned
    where owned.preference = 1 and not owned.is_active

)

select * from final
