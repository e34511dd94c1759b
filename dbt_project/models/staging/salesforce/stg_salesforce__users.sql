select
    {{ salesforce_id('landed.id') }} as user_id,
    landed.name,
    {{ to_boolean('landed.is_active') }} as is_active,
    {{ salesforce_id('landed.manager_id') }} as manager_id,
    landed.title as role,
    {{ version_columns() }}
{{ visible_rows('raw_salesforce', 'user') }}
