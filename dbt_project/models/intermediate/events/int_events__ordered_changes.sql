{{ config(indexes=[{'columns': ['lead_id']}]) }}

with mapped as (

    select * from {{ ref('int_events__mapped_changes') }}

),

numbered as (

    -- A day stands where it begins, until those of its changes that have no time of day are put in.
    select
        mapped.*,
        row_number() over (
            partition by source_system, record_id, field_name
            order by day_from, day_until, stage_rank, {{ bytewise('change_id') }}
        ) as item,
        row_number() over (
            partition by source_system, record_id, field_name
            order by stage_rank, {{ bytewise('change_id') }}
        ) as place,
        count(*) over (
            partition by source_system, record_id, field_name, day_from
        ) as in_second
    from mapped

),

tangled as (

    select
        source_system,
        record_id,
        field_name,
        {{ positions_within_days(
            'day_from', 'day_until', 'old_value', 'new_value', 'item', 'place'
        ) }} as positions
    from numbered
    group by source_system, record_id, field_name
    having max(in_second) > 1 or not bool_and(has_time_of_day)

),

placed as (

    select
        tangled.source_system,
        tangled.record_id,
        tangled.field_name,
        places.position,
        places.item
    from tangled
    cross join {{ each_element('tangled.positions') }} as places (position, item)

),

ordered as (

    select
        numbered.*,
        coalesce(placed.position, numbered.item) as chain_position
    from numbered
    left join placed
        on
            numbered.source_system = placed.source_system
            and numbered.record_id = placed.record_id
            and numbered.field_name = placed.field_name
            and numbered.item = placed.item

),

timed as (

    {{ given_times('ordered', 'source_system, record_id, field_name', 'chain_position') }}

),

final as (

    select
        lead_id,
        is_survivor,
        source_system,
        record_id,
        field_name,
        change_id,
        old_value,
        new_value,
        told_at as occurred_at,
        {{ to_second('told_at') }} as occurred_second,
        has_time_of_day,
        day_from,
        day_until,
        told_earliest_at as earliest_at,
        told_latest_at as latest_at,
        recorded_at,
        recorded_from,
        recorded_until,
        actor_id,
        campaign,
        reason,
        is_stage_field,
        object_name,
        record_field,
        agreement_version,
        mapped_stage,
        is_authority,
        chain_position
    from timed

)

select * from final
