{{ config(indexes=[{'columns': ['handoff_id']}]) }}

with offers as (

    select handoff_id, lead_id, offer_number, offered_second, judged_version, default_calendar
    from {{ ref('int_handoffs__offers') }}

),

owners as (

    select handoff_id, waits_until from {{ ref('int_handoffs__owners') }}

),

spans as (

    select * from {{ ref('int_fields__owner_spans') }}

),

-- Which offer had been made, in an earlier second, when an owner was given.
offers_then as (

    {{ last_begun(
        'spans', ['lead_id', 'span_number'], 'from_at', 'offers', 'offer_number',
        begins=add_seconds('offered_second', 1)
    ) }}

),

roster as (

    select * from {{ ref('stg_agreement__roster') }}

),

final as (

    -- From one owner to another while the handoff waits; the first owner of an unowned lead is
    -- none.
    select
        offers.handoff_id,
        spans.given_at as transferred_at,
        spans.span_number,
        spans.owner_id,
        spans.source_system,
        coalesce(roster.calendar, offers.default_calendar) as calendar
    from offers
    inner join owners on offers.handoff_id = owners.handoff_id
    inner join offers_then
        on
            offers.lead_id = offers_then.lead_id
            and offers.offer_number = offers_then.offer_number
    inner join spans
        on
            offers_then.lead_id = spans.lead_id
            and offers_then.span_number = spans.span_number
            and (
                owners.waits_until is null
                or spans.from_at < {{ to_second('owners.waits_until') }}
            )
            and spans.owner_id is not null
            and spans.previous_owner_id is not null
    {{ join_roster('offers.judged_version', 'spans.source_system', 'spans.owner_id') }}

)

select * from final
