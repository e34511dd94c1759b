select
    landed.marketo_guid as change_id,
    landed.lead_id as lead_record_id,
    landed.primary_attribute_value as field_name,
    landed.attributes::jsonb ->> 'New Value' as new_value,
    {{ to_instant('landed.activity_date', source_zone('marketo')) }} as occurred_at
{{ waiting_rows('raw_marketo', 'activities') }}
    and landed.activity_type_id::integer in (13, 22)
