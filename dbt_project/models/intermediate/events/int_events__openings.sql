{{ config(materialized='view') }}

with opportunities as (

    select * from {{ ref('int_opportunities__versions') }}
    where version_rank = 1

),

closings as (

    select * from {{ ref('int_opportunities__closings') }}

),

agreements as (

    select agreement_version, in_force_from, in_force_to, time_zone
    from {{ ref('int_agreement__versions') }}

),

run as (

    select as_of from {{ source('build', 'build_context') }}

),

time_columns as (

    select * from {{ ref('int_times__columns') }}

),

first_closings as (

    select source_system, opportunity_id, min({{ to_second('latest_at') }}) as closed_second
    from closings
    where mapped_stage = 'won' or mapped_stage in {{ declining_stages() }}
    group by source_system, opportunity_id

),

placed as (

    select
        opportunities.*,
        agreements.agreement_version,
        {{ zone_of_day('opportunities.created_at', 'agreements.time_zone', 'time_columns') }}
            as day_zone
    from opportunities
    cross join run
    inner join agreements
        on
            opportunities.created_at >= agreements.in_force_from
            and opportunities.created_at < agreements.in_force_to
    inner join time_columns
        on
            time_columns.time_column
            = {{ time_column_of('deal created', 'opportunities.source_system') }}
    where opportunities.created_at < run.as_of

),

opened as (

    select
        placed.*,
        {{ opportunity_object('source_system') }} as object_name,
        {{ span_of_day('created_at') }}
    from placed

),

final as (

    -- An opportunity created on conversion is the sql event, if it was open at all: of days without
    -- a time it may have been.
    select
        opened.lead_id,
        opened.source_system,
        opened.opportunity_id,
        opened.object_name,
        opened.object_name || ':' || opened.opportunity_id || ':created' as source_event_id,
        opened.agreement_version,
        opened.created_at as occurred_at,
        opened.has_time_of_day,
        opened.earliest_at,
        opened.latest_at,
        opened.day_from,
        opened.day_until,
        opened.created_by_id as actor_id
    from opened
    left join first_closings
        on
            opened.source_system = first_closings.source_system
            and opened.opportunity_id = first_closings.opportunity_id
    where
        first_closings.closed_second is null
        or opened.earliest_at < first_closings.closed_second

)

select * from final
