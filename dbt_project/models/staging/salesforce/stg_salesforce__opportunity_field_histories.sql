select
    {{ salesforce_id('landed.id') }} as change_id,
    {{ salesforce_id('landed.opportunity_id') }} as opportunity_id,
    landed.field as field_name,
    landed.old_value,
    landed.new_value,
    {{ to_instant('landed.created_date', source_zone('salesforce')) }} as occurred_at,
    {{ salesforce_id('landed.created_by_id') }} as actor_id,
    {{ version_columns() }}
{{ visible_rows('raw_salesforce', 'opportunity_field_history') }}
