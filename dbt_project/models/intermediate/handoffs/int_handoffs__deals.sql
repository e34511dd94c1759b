with offers as (

    select handoff_id, lead_id, offered_at, next_offered_at from {{ ref('int_handoffs__offers') }}

),

opportunities as (

    select * from {{ ref('int_opportunities__versions') }}
    where version_rank = 1

),

campaign_member_versions as (

    select * from {{ ref('stg_salesforce__campaign_members') }}

),

ranked_campaign_members as (

    {{ rank_versions('campaign_member_versions', 'campaign_member_id') }}

),

campaign_members as (

    select * from ranked_campaign_members
    where version_rank = 1

),

people as (

    select lead_id, record_id as person_id from {{ ref('int_identity__affected_records') }}
    where source_system = 'salesforce'

    union all

    -- Two leads converted to one contact: the first one has its memberships.
    select min(lead_id), contact_id from {{ ref('int_identity__affected_records') }}
    where source_system = 'salesforce' and contact_id is not null
    group by contact_id

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

joined_before as (

    select
        offers.handoff_id,
        campaign_members.campaign_id,
        campaign_members.campaign_member_id,
        campaign_members.created_at
    from offers
    inner join people on offers.lead_id = people.lead_id
    inner join campaign_members
        on
            people.person_id = campaign_members.person_id
            and campaign_members.campaign_id is not null
            and not campaign_members.is_deleted
            and campaign_members.created_at <= offers.offered_at

),

-- The campaign that the lead had joined last when it was handed over.
campaigns as (

    {{ first_per(
        'joined_before', ['handoff_id'],
        ['created_at desc', bytewise('campaign_member_id') ~ ' desc']
    ) }}

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
