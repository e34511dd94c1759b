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
        occurred_second,
        row_number() over (
            partition by lead_id, source_system, field_name order by chain_position
        ) as position,
        -- The order within a second may go against fractions: a value stands from when it is set,
        -- and not from before the one that it follows.
        max(occurred_at) over (
            partition by lead_id, source_system, field_name order by chain_position
        ) as set_at
    from changes

),

steps as (

    -- The value at t is the new value of the last change in the second of t or before, else the old
    -- value of the first change after it. Spans begin on whole seconds, so that none is negative.
    select
        lead_id,
        source_system,
        history_name,
        old_value as value,
        {{ beginning_of_time() }} as from_at,
        cast(null as {{ type_instant() }}) as set_at,
        0 as position
    from numbered
    where position = 1

    union all

    select lead_id, source_system, history_name, new_value, occurred_second, set_at, position
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
        set_at,
        position
    from steps

)

select * from final
