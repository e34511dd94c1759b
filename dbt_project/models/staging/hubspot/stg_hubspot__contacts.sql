select
    landed.id as lead_record_id,
    {{ to_boolean('landed.archived') }} as is_deleted,
    landed.hs_merged_object_ids as merged_ids,
    landed.hubspot_owner_id as owner_id,
    {{ salesforce_id('landed.salesforceleadid') }} as salesforce_lead_id,
    {{ salesforce_id('landed.salesforcecontactid') }} as salesforce_contact_id,
    {{ to_instant('landed.createdate', source_zone('hubspot')) }} as created_at,
    {{ version_columns() }}
{{ visible_rows('raw_hubspot', 'contacts') }}
