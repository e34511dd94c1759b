{{ config(indexes=[{'columns': ['source_system', 'opportunity_id']}]) }}

with owned as (

    select * from {{ ref('int_opportunities__of_leads') }}

),

-- Each system's own rows are joined, so that an index of the landed table finds them.
versions as (

    select
        owned.lead_id,
        'salesforce' as source_system,
        opportunities.opportunity_id,
        opportunities.stage_name,
        opportunities.amount,
        opportunities.currency,
        opportunities.is_closed,
        opportunities.is_won,
        coalesce(opportunities.last_stage_change_at, opportunities.close_date_at) as closed_at,
        opportunities.campaign_id,
        opportunities.created_at,
        opportunities.created_by_id,
        cast(null as {{ type_text() }}) as closed_by_id,
        opportunities.version_stamp,
        opportunities.version_night,
        opportunities.record
    from owned
    inner join {{ ref('stg_salesforce__opportunities') }} as opportunities
        on
            owned.source_system = 'salesforce'
            and owned.opportunity_id = opportunities.opportunity_id

    union all

    select
        owned.lead_id, 'generic', opportunities.opportunity_id, opportunities.stage_name,
        opportunities.amount, opportunities.currency, opportunities.is_closed,
        opportunities.is_won, opportunities.closed_at, null, opportunities.created_at,
        opportunities.created_by_id, opportunities.closed_by_id, opportunities.version_stamp,
        opportunities.version_night, opportunities.record
    from owned
    inner join {{ ref('stg_generic__opportunities') }} as opportunities
        on
            owned.source_system = 'generic'
            and owned.opportunity_id = opportunities.opportunity_id

    union all

    select
        owned.lead_id, 'hubspot', deals.opportunity_id, deals.stage_name, deals.amount,
        deals.currency, deals.is_closed, deals.is_won, deals.closed_at, null, deals.created_at,
        coalesce(users.user_id, 'user:' || deals.created_by_user_id), null,
        deals.version_stamp, deals.version_night, deals.record
    from owned
    inner join {{ ref('stg_hubspot__deals') }} as deals
        on owned.source_system = 'hubspot' and owned.opportunity_id = deals.opportunity_id
    left join {{ ref('int_leads__hubspot_users') }} as users
        on deals.created_by_user_id = users.hubspot_user_id

),

ranked as (

    {{ rank_versions('versions', 'source_system, opportunity_id') }}

),

final as (

    select
        lead_id,
        source_system,
        opportunity_id,
        stage_name,
        amount,
        currency,
        is_closed,
        is_won,
        closed_at,
        campaign_id,
        created_at,
        created_by_id,
        closed_by_id,
        version_stamp,
        version_rank
    from ranked

)

select * from final
