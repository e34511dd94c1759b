select
    {{ salesforce_id('landed.id') }} as change_id,
    {{ salesforce_id('landed.lead_id') }} as lead_record_id,
    landed.field as field_name,
    landed.new_value,
    {{ to_instant('landed.created_date', source_zone('salesforce')) }} as occurred_at
{{ waiting_rows('raw_salesforce', 'lead_history') }}
