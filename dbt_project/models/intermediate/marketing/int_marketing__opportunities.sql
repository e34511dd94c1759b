-- All of the pipeline, also what no lead stands behind: it is what marketing's share is a share of.
with opportunities as (

    select * from {{ ref('int_opportunities__all_opportunities') }}

),

owned as (

    select * from {{ ref('int_opportunities__all_of_leads') }}

),

first_handoffs as (

    select lead_id, min(offered_at) as first_offered_at
    from {{ ref('int_handoffs__all_handoffs') }}
    group by lead_id

),

versions as (

    select time_zone, in_force_from, in_force_to from {{ ref('int_agreement__versions') }}

),

run as (

    select as_of from {{ source('build', 'build_context') }}

),

final as (

    select
        opportunities.source_system,
        opportunities.opportunity_id,
        owned.lead_id,
        opportunities.created_at,
        {{ local_month('opportunities.created_at', 'versions.time_zone') }}
            as month,
        opportunities.amount,
        coalesce(opportunities.currency, 'none') as currency,
        coalesce(first_handoffs.first_offered_at <= opportunities.created_at, false)
            as is_marketing_sourced
    from opportunities
    cross join run
    inner join versions
        on
            opportunities.created_at >= versions.in_force_from
            and opportunities.created_at < versions.in_force_to
    left join owned
        on
            opportunities.source_system = owned.source_system
            and opportunities.opportunity_id = owned.opportunity_id
    left join first_handoffs on owned.lead_id = first_handoffs.lead_id
    where opportunities.created_at < run.as_of

)

select * from final
