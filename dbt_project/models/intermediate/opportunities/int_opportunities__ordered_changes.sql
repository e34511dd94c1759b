with changes as (

    select * from {{ ref('int_opportunities__stage_changes') }}

),

versions as (

    select agreement_version, in_force_from, in_force_to, time_zone
    from {{ ref('int_agreement__versions') }}

),

stage_map as (

    select agreement_version, source_system, value, stage
    from {{ ref('stg_agreement__stage_map') }}
    where {{ is_opportunity_object('object_name') }}

),

stages as (

    select stage, stage_rank from {{ ref('stg_agreement__stages') }}

),

time_columns as (

    select * from {{ ref('int_times__columns') }}

),

placed_on_days as (

    select
        changes.*,
        versions.agreement_version,
        coalesce(stages.stage_rank, 0) as stage_rank,
        {{ zone_of_day('changes.occurred_at', 'versions.time_zone', 'time_columns') }} as day_zone
    from changes
    inner join time_columns on changes.time_column = time_columns.time_column
    inner join versions
        on
            changes.occurred_at >= versions.in_force_from
            and changes.occurred_at < versions.in_force_to
    left join stage_map
        on
            versions.agreement_version = stage_map.agreement_version
            and changes.source_system = stage_map.source_system
            and changes.new_value = stage_map.value
    left join stages on stage_map.stage = stages.stage

),

dated as (

    select
        placed_on_days.*,
        {{ span_of_day('occurred_at') }}
    from placed_on_days

),

numbered as (

    select
        dated.*,
        row_number() over (
            partition by source_system, opportunity_id
            order by day_from, day_until, stage_rank, {{ bytewise('change_id') }}
        ) as item,
        row_number() over (
            partition by source_system, opportunity_id
            order by stage_rank, {{ bytewise('change_id') }}
        ) as place
    from dated

),

chained as (

    select
        source_system,
        opportunity_id,
        {{ positions_within_days(
            'day_from', 'day_until', 'old_value', 'new_value', 'item', 'place'
        ) }} as positions
    from numbered
    group by source_system, opportunity_id

),

placed as (

    select
        chained.source_system,
        chained.opportunity_id,
        places.position,
        places.item
    from chained
    cross join {{ each_element('chained.positions') }} as places (position, item)

),

ordered as (

    select numbered.*, placed.position as chain_position
    from numbered
    inner join placed
        on
            numbered.source_system = placed.source_system
            and numbered.opportunity_id = placed.opportunity_id
            and numbered.item = placed.item

),

timed as (

    {{ given_times('ordered', 'source_system, opportunity_id', 'chain_position') }}

),

final as (

    select
        lead_id,
        source_system,
        opportunity_id,
        {{ opportunity_stage_field('source_system') }} as field_name,
        change_id,
        old_value,
        new_value,
        occurred_at as own_at,
        told_at as occurred_at,
        has_time_of_day,
        day_from,
        day_until,
        told_earliest_at as earliest_at,
        told_latest_at as latest_at,
        actor_id,
        agreement_version,
        chain_position
    from timed

)

select * from final
