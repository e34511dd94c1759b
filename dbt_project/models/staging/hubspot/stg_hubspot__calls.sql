select
    landed.id as engagement_id,
    {{ engagement_columns() }},
    {{ to_instant('landed.hs_timestamp', source_zone('hubspot')) }} as occurred_at,
    upper(coalesce(landed.hs_call_status, 'COMPLETED')) = 'COMPLETED'
    and not {{ to_boolean('landed.archived') }} as is_completed,
    {{ version_columns() }}
{{ visible_rows('raw_hubspot', 'calls') }}
