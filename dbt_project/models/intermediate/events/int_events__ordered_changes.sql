{{ config(indexes=[{'columns': ['lead_id']}]) }}

with mapped as (

    select * from {{ ref('int_events__mapped_changes') }}

),

numbered as (

    select
        mapped.*,
        row_number() over (
            partition by source_system, record_id, field_name
            order by occurred_second, stage_rank, {{ bytewise('change_id') }}
        ) as item,
        count(*) over (
            partition by source_system, record_id, field_name, occurred_second
        ) as in_second
    from mapped

),

tangled as (

    select
        source_system,
        record_id,
        field_name,
        {{ positions_within_seconds('occurred_second', 'old_value', 'new_value', 'item') }}
            as positions
    from numbered
    group by source_system, record_id, field_name
    having max(in_second) > 1

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

final as (

    select
        numbered.lead_id,
        numbered.is_survivor,
        numbered.source_system,
        numbered.record_id,
        numbered.field_name,
        numbered.change_id,
        numbered.old_value,
        numbered.new_value,
        numbered.occurred_at,
        numbered.occurred_second,
        numbered.has_time_of_day,
        numbered.earliest_at,
        numbered.latest_at,
        numbered.recorded_at,
        numbered.recorded_from,
        numbered.recorded_until,
        numbered.actor_id,
        numbered.campaign,
        numbered.reason,
        numbered.is_stage_field,
        numbered.object_name,
        numbered.record_field,
        numbered.agreement_version,
        numbered.mapped_stage,
        numbered.is_authority,
        coalesce(placed.position, numbered.item) as chain_position
    from numbered
    left join placed
        on
            numbered.source_system = placed.source_system
            and numbered.record_id = placed.record_id
            and numbered.field_name = placed.field_name
            and numbered.item = placed.item

)

select * from final
