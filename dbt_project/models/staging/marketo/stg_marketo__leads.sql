select
    landed.id as lead_record_id,
    landed.lead_status as status,
    {{ salesforce_id('landed.sfdc_lead_id') }} as salesforce_lead_id,
    {{ salesforce_id('landed.sfdc_contact_id') }} as salesforce_contact_id,
    {{ to_instant('landed.created_at', source_zone('marketo')) }} as created_at,
    landed.company,
    landed.lead_source,
    landed.first_name,
    landed.last_name,
    landed.email,
    landed.phone,
    {{ version_columns() }}
{{ visible_rows('raw_marketo', 'leads') }}
