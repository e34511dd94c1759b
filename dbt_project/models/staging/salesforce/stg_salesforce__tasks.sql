select
    {{ salesforce_id('landed.id') }} as activity_id,
    {{ to_boolean('landed.is_deleted') }} as is_deleted,
    {{ salesforce_id('landed.who_id') }} as who_id,
    {{ salesforce_id('landed.owner_id') }} as user_id,
    {{ to_boolean('landed.is_closed') }} as is_closed,
    {{ to_date('landed.activity_date') }} as activity_date,
    {{ to_instant('landed.completed_date_time', source_zone('salesforce')) }} as completed_at,
    {{ to_instant('landed.created_date', source_zone('salesforce')) }} as created_at,
    {{ version_columns() }}
{{ visible_rows('raw_salesforce', 'task') }}
