{{ config(indexes=[{'columns': ['handoff_id', 'transition_number']}]) }}

with offers as (

    select handoff_id, lead_id, offer_number, next_offer_number
    from {{ ref('int_handoffs__offers') }}

),

moves as (

    select * from {{ ref('int_transitions__moves') }}

),

final as (

    -- A handoff owns what follows for its lead until the next handoff opens.
    select
        offers.handoff_id,
        moves.*
    from offers
    inner join moves
        on
            offers.lead_id = moves.lead_id
            and moves.transition_number > offers.offer_number
            and moves.transition_number < coalesce(offers.next_offer_number, 2147483647)

)

select * from final
