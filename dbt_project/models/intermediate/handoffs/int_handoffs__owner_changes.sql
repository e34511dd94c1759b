{{ config(materialized='view') }}

with offers as (

    select handoff_id, lead_id, offered_at from {{ ref('int_handoffs__offers') }}

),

owners as (

    select * from {{ ref('int_handoffs__owners') }}

),

spans as (

    select * from {{ ref('int_fields__owner_spans') }}

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
    inner join spans
        on
            offers.lead_id = spans.lead_id
            and spans.from_at > offers.offered_at
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
