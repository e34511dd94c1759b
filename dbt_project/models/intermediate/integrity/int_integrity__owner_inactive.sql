with handoffs as (

    select * from {{ ref('int_handoffs__all_handoffs') }}
    where agreement_version is not null

),

spans as (

    select * from {{ ref('int_delivery__spans') }}

),

user_versions as (

    select * from {{ ref('int_leads__user_versions') }}

),

agreements as (

    select in_force_from, in_force_to, time_zone from {{ ref('int_agreement__versions') }}

),

-- No column of times tells of a stamp that is midnight, or a folder's date.
zones as (

    select
        source_system,
        time_zone as source_time_zone,
        cast(null as time) as one_source_time,
        cast(null as time) as one_agreement_time,
        cast(null as time) as one_utc_time
    from {{ ref('stg_agreement__sources') }}

),

stamped as (

    select
        user_versions.source_system,
        user_versions.user_id,
        user_versions.is_active,
        user_versions.version_rank,
        user_versions.version_stamp,
        {{ zone_of_day('user_versions.version_stamp', 'agreements.time_zone', 'zones') }}
            as day_zone
    from user_versions
    inner join agreements
        on
            user_versions.version_stamp >= agreements.in_force_from
            and user_versions.version_stamp < agreements.in_force_to
    inner join zones on user_versions.source_system = zones.source_system

),

owned as (

    select
        handoffs.handoff_id,
        handoffs.lead_id,
        handoffs.offered_at,
        handoffs.owner_id_at_offer,
        stamped.is_active,
        stamped.version_rank,
        {{ to_second(earliest_at('stamped.version_stamp', 'stamped.day_zone')) }}
        <= handoffs.offered_latest_at as may_be_known,
        {{ to_second(latest_at('stamped.version_stamp', 'stamped.day_zone')) }}
        <= handoffs.offered_earliest_at as is_known
    from handoffs
    inner join spans
        on {{ is_delivered(
            'spans', 'owners', 'handoffs.judged_version', 'handoffs.offered_at',
            'handoffs.offered_at'
        ) }}
    inner join stamped
        on
            handoffs.owner_source_system = stamped.source_system
            and handoffs.owner_id_at_offer = stamped.user_id

),

-- The user as known at the offer; where nothing was known by then, as first delivered.
known as (

    select
        owned.*,
        coalesce(
            min(version_rank) filter (where is_known) over (partition by handoff_id),
            max(version_rank) over (partition by handoff_id)
        ) as rank_at_offer
    from owned

),

-- Whoever may have been there at one moment of a day is not said to have left.
possible as (

    select
        handoff_id, lead_id, offered_at, owner_id_at_offer, bool_or(is_active) as is_ever_active
    from known
    where version_rank = rank_at_offer or (version_rank < rank_at_offer and may_be_known)
    group by handoff_id, lead_id, offered_at, owner_id_at_offer

),

final as (

    select
        'owner_inactive' as rule,
        'handoff' as subject_type,
        handoff_id as subject_id,
        lead_id,
        handoff_id,
        offered_at as occurred_at,
        'certain' as grade,
        {{ json_object({
            'offered_at': iso_utc('offered_at'),
            'owner_id': 'owner_id_at_offer',
        }) }} as evidence,
        'Handed over at ' || {{ readable('offered_at') }}
        || ' to ' || owner_id_at_offer || ', a user who has left.' as message
    from possible
    where not is_ever_active

)

select * from final
