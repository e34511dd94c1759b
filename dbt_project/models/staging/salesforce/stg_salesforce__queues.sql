select
    {{ salesforce_id('landed.id') }} as queue_id,
    landed.name,
    landed.type as group_type,
    {{ version_columns() }}
{{ visible_rows('raw_salesforce', 'group') }}
