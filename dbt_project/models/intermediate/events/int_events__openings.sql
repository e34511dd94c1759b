{{ config(materialized='view') }}

with opportunities as (

    select * from {{ ref('int_opportunities__versions') }}
    where version_rank = 1

),

closings as (

    select * from {{ ref('int_opportunities__closings') }}

),

agreements as (

    select agreement_version, in_force_from, in_force_to from {{ ref('int_agreement__versions') }}

),

run as (

    select as_of from {{ source('build', 'build_context') }}

),

first_closings as (

    select source_system, opportunity_id, min(occurred_second) as closed_second
    from closings
    where mapped_stage = 'won' or mapped_stage in {{ declining_stages() }}
    group by source_system, opportunity_id

),

opened as (

    select
        opportunities.*,
        {{ opportunity_object('opportunities.source_system') }} as object_name
    from opportunities
    left join first_closings
        on
            opportunities.source_system = first_closings.source_system
            and opportunities.opportunity_id = first_closings.opportunity_id
    where
        first_closings.closed_second is null
        or opportunities.created_at < first_closings.closed_second

),

final as (

    -- An opportunity created on conversion is the sql event, if it was open at all.
    select
        opened.lead_id,
        opened.source_system,
        opened.opportunity_id,
        opened.object_name,
        opened.object_name || ':' || opened.opportunity_id || ':created' as source_event_id,
        agreements.agreement_version,
        opened.created_at as occurred_at,
        opened.created_by_id as actor_id
    from opened
    cross join run
    inner join agreements
        on
            opened.created_at >= agreements.in_force_from
            and opened.created_at < agreements.in_force_to
    where opened.created_at < run.as_of

)

select * from final
