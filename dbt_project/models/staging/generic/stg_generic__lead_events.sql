select
    landed.event_id as change_id,
    landed.lead_id as lead_record_id,
    landed.field as field_name,
    landed.old_value,
    landed.new_value,
    {{ to_instant('landed.occurred_at', source_zone('generic')) }} as occurred_at,
    {{ to_instant('landed.recorded_at', source_zone('generic')) }} as recorded_at,
    landed.actor_id,
    landed.reason,
    {{ version_columns() }}
{{ visible_rows('raw_generic', 'lead_events') }}
