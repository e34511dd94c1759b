select
    landed.marketo_guid as activity_id,
    landed.lead_id as lead_record_id,
    {{ to_instant('landed.activity_date', source_zone('marketo')) }} as occurred_at,
    landed.activity_type_id::integer as activity_type_id,
    landed.campaign_id,
    landed.primary_attribute_value,
    landed.attributes::jsonb as attributes,
    {{ version_columns() }}
{{ visible_rows('raw_marketo', 'activities') }}
