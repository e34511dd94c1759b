{{ config(indexes=[{'columns': ['handoff_id'], 'unique': true}]) }}

with offers as (

    select * from {{ ref('int_handoffs__offers') }}

),

answers as (

    select * from {{ ref('int_handoffs__answers') }}

),

moves as (

    select handoff_id, transition_number, entered_at from {{ ref('int_handoffs__moves') }}

),

spans as (

    select * from {{ ref('int_fields__owner_spans') }}

),

roster as (

    select * from {{ ref('stg_agreement__roster') }}

),

bounded as (

    select
        offers.handoff_id,
        offers.lead_id,
        offers.offered_at,
        offers.offered_latest_at,
        offers.judged_version,
        offers.default_calendar,
        offers.routing_grace_minutes,
        least(response.entered_at, offers.next_offered_at) as waits_until
    from offers
    left join answers on offers.handoff_id = answers.handoff_id
    left join moves as response
        on
            answers.handoff_id = response.handoff_id
            and answers.response_number = response.transition_number

),

spans_then as (

    {{ last_begun('bounded', ['handoff_id'], 'offered_at', 'spans', 'span_number') }}

),

-- If nobody owns the lead at the offer, the owner after that is meant, if given within the grace:
-- what follows a span of nobody is a span of somebody.
owned_in_time as (

    select
        bounded.handoff_id,
        spans.span_number,
        spans.owner_id,
        spans.source_system,
        greatest(spans.given_at, bounded.offered_at) as owned_from
    from bounded
    inner join spans_then on bounded.handoff_id = spans_then.handoff_id
    inner join spans
        on
            bounded.lead_id = spans.lead_id
            and spans.span_number in (spans_then.span_number, spans_then.span_number + 1)
    where
        spans.owner_id is not null
        and (
            spans.span_number = spans_then.span_number
            or (
                spans.from_at
                <= {{ add_seconds(
                    'bounded.offered_latest_at', 'bounded.routing_grace_minutes * 60'
                ) }}
                and (
                    bounded.waits_until is null
                    or spans.from_at < {{ to_second('bounded.waits_until') }}
                )
            )
        )

),

at_offer as (

    {{ first_per('owned_in_time', ['handoff_id'], ['span_number']) }}

),

final as (

    select
        bounded.handoff_id,
        bounded.lead_id,
        bounded.waits_until,
        at_offer.owner_id,
        at_offer.source_system as owner_source_system,
        at_offer.owned_from,
        roster.team,
        roster.manager_id,
        coalesce(roster.calendar, bounded.default_calendar) as calendar
    from bounded
    left join at_offer on bounded.handoff_id = at_offer.handoff_id
    {{ join_roster('bounded.judged_version', 'at_offer.source_system', 'at_offer.owner_id') }}

)

select * from final
