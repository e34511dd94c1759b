select
    landed.activity_id,
    landed.lead_id as lead_record_id,
    landed.user_id,
    landed.channel,
    landed.status,
    {{ to_instant('landed.occurred_at', source_zone('generic')) }} as occurred_at,
    {{ to_instant('landed.recorded_at', source_zone('generic')) }} as recorded_at,
    {{ version_columns() }}
{{ visible_rows('raw_generic', 'activities') }}
