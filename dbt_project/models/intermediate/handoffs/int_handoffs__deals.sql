with offers as (

    select handoff_id, lead_id, offered_second, next_offered_second
    from {{ ref('int_handoffs__offers') }}

),

opportunities as (

    select * from {{ ref('int_opportunities__versions') }}
    where version_rank = 1

),

created_within as (

    select
        offers.handoff_id,
        opportunities.source_system,
        opportunities.opportunity_id,
        {{ to_second('opportunities.created_at') }} as created_second,
        opportunities.amount,
        opportunities.currency
    from offers
    inner join opportunities
        on
            offers.lead_id = opportunities.lead_id
            and opportunities.created_at >= offers.offered_second
            and (
                offers.next_offered_second is null
                or opportunities.created_at < offers.next_offered_second
            )

),

-- The first opportunity created within the handoff; its amount is the newest known.
deals as (

    {{ first_per(
        'created_within', ['handoff_id'],
        ['created_second', bytewise('opportunity_id'), bytewise('source_system')]
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
