select
    landed.id as change_id,
    landed.contact_id as lead_record_id,
    {{ property_change_columns() }}
{{ waiting_rows('raw_hubspot', 'contact_property_history') }}
