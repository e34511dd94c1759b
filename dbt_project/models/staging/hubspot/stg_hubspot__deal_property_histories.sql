select
    landed.id as change_id,
    landed.deal_id as opportunity_id,
    {{ property_change_columns() }},
    {{ version_columns() }}
{{ visible_rows('raw_hubspot', 'deal_property_history') }}
