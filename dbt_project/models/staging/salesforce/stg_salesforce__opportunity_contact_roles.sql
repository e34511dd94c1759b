select
    {{ salesforce_id('landed.id') }} as contact_role_id,
    {{ to_boolean('landed.is_deleted') }} as is_deleted,
    {{ salesforce_id('landed.opportunity_id') }} as opportunity_id,
    {{ salesforce_id('landed.contact_id') }} as contact_id,
    {{ to_boolean('landed.is_primary') }} as is_primary,
    {{ to_instant('landed.created_date', source_zone('salesforce')) }} as created_at,
    {{ version_columns() }}
{{ visible_rows('raw_salesforce', 'opportunity_contact_role') }}
