{{ config(indexes=[{'columns': ['source_system', 'opportunity_id']}]) }}

with owned as (

    select * from {{ ref('int_opportunities__of_leads') }}

),

versions as (

    select
        'salesforce' as source_system,
        opportunity_id,
        stage_name,
        amount,
        currency,
        is_closed,
        is_won,
        coalesce(last_stage_change_at, close_date_at) as closed_at,
        campaign_id,
        created_at,
        created_by_id,
        cast(null as {{ type_text() }}) as closed_by_id,
        version_stamp,
        version_night,
        record
    from {{ ref('stg_salesforce__opportunities') }}

    union all

    select
        'generic', opportunity_id, stage_name, amount, currency, is_closed, is_won, closed_at, null,
        created_at, created_by_id, closed_by_id, version_stamp, version_night, record
    from {{ ref('stg_generic__opportunities') }}

),

of_affected_leads as (

    select
        owned.lead_id,
        versions.*
    from versions
    inner join owned
        on
            versions.source_system = owned.source_system
            and versions.opportunity_id = owned.opportunity_id

),

ranked as (

    {{ rank_versions('of_affected_leads', 'source_system, opportunity_id') }}

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
