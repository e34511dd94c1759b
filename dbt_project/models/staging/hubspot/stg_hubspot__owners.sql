select
    landed.id as user_id,
    landed.user_id as hubspot_user_id,
    {{ to_boolean('landed.archived') }} as is_archived,
    nullif(trim(concat_ws(' ', landed.first_name, landed.last_name)), '') as name,
    {{ version_columns() }}
{{ visible_rows('raw_hubspot', 'owners') }}
