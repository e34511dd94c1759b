select
    landed.marketo_guid as change_id,
    landed.lead_id as lead_record_id,
    landed.primary_attribute_value as field_name,
    {{ json_value(to_document('landed.attributes'), "'New Value'") }} as new_value,
    {{ to_instant('landed.activity_date', source_zone('marketo')) }} as occurred_at
{{ waiting_rows('raw_marketo', 'activities') }}
    and {{ to_integer('landed.activity_type_id') }} in (13, 22)
