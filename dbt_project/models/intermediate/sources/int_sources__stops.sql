with final as (

    select
        cast(null as {{ dbt.type_string() }}) as source_system,
        cast(null as {{ dbt.type_string() }}) as object_name,
        cast(null as {{ dbt.type_string() }}) as field_name,
        cast(null as {{ dbt.type_string() }}) as field_role,
        cast(null as {{ type_instant() }}) as stopped_from,
        cast(null as {{ type_instant() }}) as resumed_at
    where false

)

select * from final
