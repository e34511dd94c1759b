select
    {{ salesforce_id('landed.id') }} as change_id,
    {{ salesforce_id('landed.opportunity_id') }} as opportunity_id,
    landed.stage_name,
    {{ to_instant('landed.created_date', source_zone('salesforce')) }} as occurred_at,
    {{ salesforce_id('landed.created_by_id') }} as actor_id,
    {{ version_columns() }}
{{ visible_rows('raw_salesforce', 'opportunity_history') }}
