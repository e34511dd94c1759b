select
    landed.user_id,
    landed.name,
    case
        when landed.is_active is null then true
        else {{ to_boolean('landed.is_active') }}
    end as is_active,
    landed.manager_id,
    landed.team,
    landed.role,
    {{ version_columns() }}
{{ visible_rows('raw_generic', 'users') }}
