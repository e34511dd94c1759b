{{ config(materialized='view') }}

with offers as (

    select handoff_id, lead_id, offer_number, offered_second, offered_at
    from {{ ref('int_handoffs__offers') }}

),

owners as (

    select * from {{ ref('int_handoffs__owners') }}

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

-- The owner at the offer, then each owner given while the handoff waited; nobody is a leg as well,
-- so that the legs together are the time until the response.
steps as (

    select
        offers.handoff_id,
        owners.owner_id,
        owners.owner_source_system as source_system,
        offers.offered_at as from_at,
        0 as step_number
    from offers
    inner join owners on offers.handoff_id = owners.handoff_id

    union all

    select
        offers.handoff_id,
        spans.owner_id,
        spans.source_system,
        spans.given_at,
        spans.span_number
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

),

compared as (

    select
        steps.*,
        (
            row_number() over (partition by handoff_id order by step_number) = 1
            or owner_id is distinct from lag(owner_id) over (
                partition by handoff_id order by step_number
            )
        ) as is_change
    from steps

),

final as (

    select
        handoff_id,
        owner_id,
        source_system,
        from_at,
        step_number
    from compared
    where is_change

)

select * from final
