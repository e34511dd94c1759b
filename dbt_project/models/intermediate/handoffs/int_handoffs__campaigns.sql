with offers as (

    select handoff_id, lead_id, offered_at from {{ ref('int_handoffs__offers') }}

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

campaign_member_versions as (

    select * from {{ ref('stg_salesforce__campaign_members') }}

),

-- All versions of whatever membership was one of these people's in any version: the newest decides.
memberships as (

    select campaign_member_versions.* from campaign_member_versions
    where
        campaign_member_id in (
            select theirs.campaign_member_id
            from campaign_member_versions as theirs
            inner join people on theirs.person_id = people.person_id
        )

),

ranked_campaign_members as (

    {{ rank_versions('memberships', 'campaign_member_id') }}

),

campaign_members as (

    select * from ranked_campaign_members
    where version_rank = 1

),

joined_before as (

    select
        offers.handoff_id,
        campaign_members.campaign_id,
        campaign_members.campaign_member_id,
        {{ to_second('campaign_members.created_at') }} as joined_second
    from offers
    inner join people on offers.lead_id = people.lead_id
    inner join campaign_members
        on
            people.person_id = campaign_members.person_id
            and campaign_members.campaign_id is not null
            and not campaign_members.is_deleted
            and {{ to_second('campaign_members.created_at') }} <= offers.offered_at

),

-- The campaign that the lead had joined last when it was handed over.
last_joined as (

    {{ first_per(
        'joined_before', ['handoff_id'],
        ['joined_second desc', bytewise('campaign_member_id') ~ ' desc']
    ) }}

),

final as (

    select handoff_id, campaign_id from last_joined

)

select * from final
