with offers as (

    select handoff_id, lead_id, offered_at, next_offered_at from {{ ref('int_handoffs__offers') }}

),

opportunities as (

    select * from {{ ref('int_opportunities__versions') }}
    where version_rank = 1

),

created_within as (

    select
        offers.handoff_id,
        opportunities.opportunity_id,
        opportunities.created_at,
        opportunities.amount,
        opportunities.currency
    from offers
    inner join opportunities
        on
            offers.lead_id = opportunities.lead_id
            and opportunities.created_at >= offers.offered_at
            and (
                offers.next_offered_at is null or opportunities.created_at < offers.next_offered_at
            )

),

-- The first opportunity created within the handoff; its amount is the newest known.
deals as (

    {{ first_per(
        'created_within', ['handoff_id'], ['created_at', bytewise('opportunity_id')]
    ) }}

),

final as (

    select
        offers.handoff_id,
        deals.opportunity_id,
        deals.amount,
        deals.currency
    from offers
    left join deals on offers.handoff_id = deals.handoff_id

)

select * from final
