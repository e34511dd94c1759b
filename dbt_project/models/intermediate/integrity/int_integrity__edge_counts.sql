{{ config(materialized='view') }}

with events as (

    select * from {{ ref('int_integrity__edge_events') }}

),

in_force as (

    select as_of, time_zone from {{ ref('int_agreement__in_force') }}

),

-- Each event is looked at once for the first days of its quarter and once for the last.
looked_at as (

    select
        events.*,
        edges.edge,
        case edges.edge when 'first' then events.is_first_days else events.is_last_days end
            as is_at_edge
    from events
    cross join in_force
    cross join (values ('first'), ('last')) as edges (edge)
    where events.next_start <= {{ local_date('in_force.as_of', 'in_force.time_zone') }}

),

by_rep as (

    select
        kind,
        edge,
        rep_id,
        quarter_start,
        min(team) as team,
        min(next_start) as next_start,
        min(agreement_version) as agreement_version,
        min(edge_days) as edge_days,
        count(*) as events,
        count(*) filter (where is_at_edge) as at_edge
    from looked_at
    group by kind, edge, rep_id, quarter_start

),

summed as (

    select
        by_rep.*,
        sum(events) over (
            partition by kind, edge, quarter_start, team
        ) as team_events,
        sum(at_edge) over (
            partition by kind, edge, quarter_start, team
        ) as team_at_edge,
        sum(events) over (partition by kind, edge, quarter_start) as all_events,
        sum(at_edge) over (partition by kind, edge, quarter_start) as all_at_edge
    from by_rep

),

limited as (

    select
        summed.*,
        {{ threshold('cherry_picking', 'minimum_events', 'summed.agreement_version', 20) }}
            as minimum_events
    from summed

),

final as (

    -- A rep is set against the team, or the company where the team has too little to compare.
    select
        doings.quarter_start || '|' || doings.rep_id || '|' || doings.kind || '|' || doings.edge
            as test_id,
        doings.*,
        case
            when doings.team_events - doings.events >= doings.minimum_events
                then doings.team_events
            else doings.all_events
        end as base_events,
        case
            when doings.team_events - doings.events >= doings.minimum_events
                then doings.team_at_edge
            else doings.all_at_edge
        end as base_at_edge,
        coalesce(arrivals.events, 0) as arrivals,
        coalesce(arrivals.at_edge, 0) as arrivals_at_edge
    from limited as doings
    left join limited as arrivals
        on
            doings.rep_id = arrivals.rep_id
            and doings.quarter_start = arrivals.quarter_start
            and doings.edge = arrivals.edge
            and arrivals.kind = 'arrival'
    where doings.kind <> 'arrival' and doings.events >= doings.minimum_events

)

select * from final
