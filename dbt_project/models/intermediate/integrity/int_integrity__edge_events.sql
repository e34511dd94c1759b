{{ config(materialized='view') }}

with handoffs as (

    select * from {{ ref('int_handoffs__judged') }}

),

touches as (

    select handoff_id, user_id, occurred_at, touch_id from {{ ref('int_handoffs__all_touches') }}
    where handoff_id is not null and user_id is not null

),

first_touches as (

    {{ first_per('touches', ['handoff_id'], ['occurred_at', 'touch_id']) }}

),

people as (

    select agreement_version, user_id, team from {{ ref('int_integrity__salespeople') }}
    where is_rep

),

events as (

    select
        'acceptance' as kind, judged_version, accepted_by_id as user_id, accepted_at as occurred_at
    from handoffs
    where accepted_by_type = 'human'

    union all

    select 'first_touch', handoffs.judged_version, first_touches.user_id, first_touches.occurred_at
    from first_touches
    inner join handoffs on first_touches.handoff_id = handoffs.handoff_id
    where handoffs.touches is not null

    union all

    -- What reached the rep, to be accepted or touched.
    select 'arrival', handoffs.judged_version, arrived.rep_id, handoffs.offered_at
    from {{ ref('int_integrity__rep_handoffs') }} as arrived
    inner join handoffs on arrived.handoff_id = handoffs.handoff_id

),

in_force as (

    select as_of, time_zone from {{ ref('int_agreement__in_force') }}

),

versions as (

    select
        agreement_version,
        valid_from_at as agreed_from,
        in_force_to,
        {{ threshold('cherry_picking', 'edge_days', 'versions.agreement_version', 5) }} as edge_days
    from {{ ref('int_agreement__versions') }} as versions

),

dated as (

    select
        events.kind,
        events.user_id as rep_id,
        people.team,
        {{ local_date('events.occurred_at', 'in_force.time_zone') }} as day,
        {{ period_start("'quarter'", local_date('events.occurred_at', 'in_force.time_zone')) }}
            as quarter_start,
        in_force.time_zone
    from events
    cross join in_force
    inner join people
        on
            events.judged_version = people.agreement_version
            and events.user_id = people.user_id

),

final as (

    select
        dated.kind,
        dated.rep_id,
        dated.team,
        dated.quarter_start,
        {{ next_period("'quarter'", 'dated.quarter_start') }} as next_start,
        versions.agreement_version,
        versions.edge_days,
        dated.day
        < {{ add_calendar_days('dated.quarter_start', 'cast(versions.edge_days as integer)') }}
            as is_first_days,
        dated.day >= {{ add_calendar_days(
            next_period("'quarter'", 'dated.quarter_start'), '-cast(versions.edge_days as integer)'
        ) }} as is_last_days
    from dated
    inner join versions
        on
            {{ midnight('dated.quarter_start', 'dated.time_zone') }} >= versions.agreed_from
            and {{ midnight('dated.quarter_start', 'dated.time_zone') }} < versions.in_force_to

)

select * from final
