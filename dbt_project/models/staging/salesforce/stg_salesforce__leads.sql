select
    {{ salesforce_id('landed.id') }} as lead_record_id,
    {{ to_boolean('landed.is_deleted') }} as is_deleted,
    {{ salesforce_id('landed.master_record_id') }} as merged_into_id,
    landed.status,
    {{ salesforce_id('landed.owner_id') }} as owner_id,
    {{ salesforce_id('landed.converted_contact_id') }} as contact_id,
    {{ salesforce_id('landed.converted_opportunity_id') }} as opportunity_id,
    {{ to_instant('landed.created_date', source_zone('salesforce')) }} as created_at,
    {{ salesforce_id('landed.created_by_id') }} as created_by_id,
    landed.company,
    landed.lead_source,
    landed.first_name,
    landed.last_name,
    landed.email,
    landed.phone,
    {{ version_columns() }}
{{ visible_rows('raw_salesforce', 'lead') }}
