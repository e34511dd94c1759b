{{ config(indexes=[{'columns': ['lead_id', 'source_system', 'history_name', 'from_at']}]) }}

with changes as (

    select * from {{ ref('int_events__ordered_changes') }}
    where is_survivor and not is_stage_field

),

numbered as (

    select
        lead_id,
        source_system,
        field_name as history_name,
        old_value,
        new_value,
        occurred_at,
        row_number() over (
            partition by lead_id, source_system, field_name order by chain_position
        ) as position
    from changes

),

steps as (

    -- The value at t is the new value of the last change at or before t, else the old value of the
    -- first change after t.
    select
        lead_id,
        source_system,
        history_name,
        old_value as value,
        {{ beginning_of_time() }} as from_at,
        0 as position
    from numbered
    where position = 1

    union all

    select lead_id, source_system, history_name, new_value, occurred_at, position
    from numbered

),

final as (

    select
        lead_id,
        source_system,
        history_name,
        value,
        from_at,
        coalesce(
            lead(from_at)
                over (partition by lead_id, source_system, history_name order by position),
            {{ end_of_time() }}
        ) as to_at,
        position
    from steps

)

select * from final
