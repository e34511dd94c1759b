{{ config(
    materialized='incremental',
    incremental_strategy='append',
    indexes=[{'columns': ['handoff_id', 'leg_number'], 'unique': true}, {'columns': ['lead_id']}],
    pre_hook="{{ forget_affected_leads() }}"
) }}

with offers as (

    select * from {{ ref('int_handoffs__offers') }}

),

owners as (

    select * from {{ ref('int_handoffs__owners') }}

),

responses as (

    select handoff_id, responded_at from {{ ref('int_handoffs__responses') }}

),

spans as (

    select * from {{ ref('int_fields__owner_spans') }}
    where owner_id is not null

),

roster as (

    select * from {{ ref('stg_agreement__roster') }}

),

legs as (

    select
        offers.handoff_id,
        offers.lead_id,
        offers.judged_version,
        spans.owner_id,
        coalesce(roster.calendar, offers.default_calendar) as calendar,
        greatest(spans.from_at, offers.offered_at) as from_at,
        nullif(least(spans.to_at, coalesce(owners.waits_until, 'infinity')), 'infinity') as to_at,
        responses.responded_at
    from offers
    inner join owners on offers.handoff_id = owners.handoff_id
    inner join responses on offers.handoff_id = responses.handoff_id
    inner join spans
        on
            offers.lead_id = spans.lead_id
            and spans.to_at > offers.offered_at
            and (owners.waits_until is null or spans.from_at < owners.waits_until)
    left join roster
        on
            offers.judged_version = roster.agreement_version
            and spans.source_system = roster.source_system
            and spans.owner_id = roster.user_id

),

final as (

    select
        handoff_id,
        lead_id,
        judged_version,
        row_number() over (partition by handoff_id order by from_at) as leg_number,
        owner_id,
        calendar,
        from_at,
        to_at,
        case
            when to_at is not null
                then {{ business_seconds('judged_version', 'calendar', 'from_at', 'to_at') }}
        end as business_seconds_held,
        coalesce(to_at = responded_at, false) as responded
    from legs

)

select * from final
