select
    {{ salesforce_id('landed.id') }} as campaign_member_id,
    {{ to_boolean('landed.is_deleted') }} as is_deleted,
    coalesce({{ salesforce_id('landed.lead_id') }}, {{ salesforce_id('landed.contact_id') }})
        as person_id,
    {{ salesforce_id('landed.campaign_id') }} as campaign_id,
    {{ to_instant('landed.created_date', source_zone('salesforce')) }} as created_at,
    {{ version_columns() }}
{{ visible_rows('raw_salesforce', 'campaign_member') }}
