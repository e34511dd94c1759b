with offers as (

    select handoff_id, lead_id, offered_at, next_offered_at from {{ ref('int_handoffs__offers') }}

),

opportunities as (

    select * from {{ ref('int_opportunities__versions') }}
    where version_rank = 1

),

campaign_members as (

    select * from {{ ref('stg_salesforce__campaign_members') }}
    where not is_deleted

),

records as (

    select lead_id, record_id from {{ ref('int_identity__affected_records') }}
    where source_system = 'salesforce'

),

deals as (

    -- The first opportunity created within the handoff; its amount is the newest known.
    select distinct on (offers.handoff_id)
        offers.handoff_id,
        opportunities.opportunity_id,
        opportunities.amount,
        opportunities.currency
    from offers
    inner join opportunities
        on
            offers.lead_id = opportunities.lead_id
            and opportunities.created_at >= offers.offered_at
            and (offers.next_offered_at is null or opportunities.created_at < offers.next_offered_at)
    order by
        offers.handoff_id, opportunities.created_at, opportunities.opportunity_id collate "C"

),

campaigns as (

    -- The campaign that the lead had joined last when it was handed over.
    select distinct on (offers.handoff_id)
        offers.handoff_id,
        campaign_members.campaign_id
    from offers
    inner join records on offers.lead_id = records.lead_id
    inner join campaign_members
        on
            records.record_id = campaign_members.lead_record_id
            and campaign_members.created_at <= offers.offered_at
    order by
        offers.handoff_id,
        campaign_members.created_at desc,
        campaign_members.campaign_member_id collate "C",
        campaign_members.version_stamp desc,
        campaign_members.version_night desc

),

final as (

    select
        offers.handoff_id,
        deals.opportunity_id,
        deals.amount,
        deals.currency,
        campaigns.campaign_id
    from offers
    left join deals on offers.handoff_id = deals.handoff_id
    left join campaigns on offers.handoff_id = campaigns.handoff_id

)

select * from final
