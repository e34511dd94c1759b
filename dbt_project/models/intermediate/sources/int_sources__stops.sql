with purged_days as (

    select * from {{ ref('stg_landing__purged_days') }}
    where is_whole

),

final as (

    -- Days that a source had purged before anybody pulled them are a pause like any other.
    select
        source_system,
        object_name,
        cast(null as {{ type_text() }}) as field_name,
        cast(null as {{ type_text() }}) as field_role,
        {{ midnight('first_day', "'UTC'") }} as stopped_from,
        {{ midnight(add_calendar_days('last_day', 1), "'UTC'") }} as resumed_at
    from purged_days

)

select * from final
