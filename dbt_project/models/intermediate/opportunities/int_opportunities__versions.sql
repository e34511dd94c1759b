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

known as (

    -- It tells the creation of those, too, that tell none themselves, but for deleted ones.
    select source_system, opportunity_id, created_at
    from {{ ref('int_opportunities__all_opportunities') }}

),

final as (

    select
        ranked.lead_id,
        ranked.source_system,
        ranked.opportunity_id,
        ranked.stage_name,
        ranked.amount,
        ranked.currency,
        ranked.is_closed,
        ranked.is_won,
        ranked.closed_at,
        ranked.campaign_id,
        coalesce(ranked.created_at, known.created_at, ranked.version_stamp) as created_at,
        ranked.created_at is null as is_creation_inferred,
        ranked.created_by_id,
        ranked.closed_by_id,
        ranked.version_stamp,
        ranked.version_rank
    from ranked
    left join known
        on
            ranked.created_at is null
            and ranked.source_system = known.source_system
            and ranked.opportunity_id = known.opportunity_id

)

select * from final
