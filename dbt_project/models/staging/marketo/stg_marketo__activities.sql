select
    landed.marketo_guid as activity_id,
    landed.lead_id as lead_record_id,
    {{ to_instant('landed.activity_date', source_zone('marketo')) }} as occurred_at,
    {{ to_integer('landed.activity_type_id') }} as activity_type_id,
    landed.campaign_id,
    landed.primary_attribute_value,
    {{ to_document('landed.attributes') }} as attributes,
    {{ version_columns() }}
{{ visible_rows('raw_marketo', 'activities') }}
