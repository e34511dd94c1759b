select
    landed.lead_id as lead_record_id,
    {{ to_boolean('landed.is_deleted') }} as is_deleted,
    landed.merged_into as merged_into_id,
    landed.status,
    landed.owner_id,
    landed.other_system,
    landed.other_system_id,
    {{ to_instant('landed.created_at', source_zone('generic')) }} as created_at,
    landed.company,
    landed.lead_source,
    landed.first_name,
    landed.last_name,
    landed.email,
    {{ version_columns() }}
{{ visible_rows('raw_generic', 'leads') }}
