select
    {{ salesforce_id('landed.id') }} as opportunity_id,
    {{ to_boolean('landed.is_deleted') }} as is_deleted,
    landed.stage_name,
    {{ to_number('landed.amount') }} as amount,
    landed.currency_iso_code as currency,
    {{ to_boolean('landed.is_closed') }} as is_closed,
    {{ to_boolean('landed.is_won') }} as is_won,
    {{ to_instant('landed.close_date', source_zone('salesforce')) }} as close_date_at,
    {{ to_instant('landed.last_stage_change_date', source_zone('salesforce')) }}
        as last_stage_change_at,
    {{ salesforce_id('landed.owner_id') }} as owner_id,
    {{ salesforce_id('landed.campaign_id') }} as campaign_id,
    {{ to_instant('landed.created_date', source_zone('salesforce')) }} as created_at,
    {{ salesforce_id('landed.created_by_id') }} as created_by_id,
    {{ version_columns() }}
{{ visible_rows('raw_salesforce', 'opportunity') }}
