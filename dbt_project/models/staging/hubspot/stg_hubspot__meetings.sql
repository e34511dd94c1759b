select
    landed.id as engagement_id,
    {{ engagement_columns() }},
    {{ to_instant(
        'coalesce(landed.hs_meeting_start_time, landed.hs_timestamp)', source_zone('hubspot')
    ) }} as occurred_at,
    upper(coalesce(landed.hs_meeting_outcome, 'COMPLETED'))
    not in ('CANCELED', 'NO_SHOW', 'RESCHEDULED')
    and not {{ to_boolean('landed.archived') }} as is_completed,
    {{ version_columns() }}
{{ visible_rows('raw_hubspot', 'meetings') }}
