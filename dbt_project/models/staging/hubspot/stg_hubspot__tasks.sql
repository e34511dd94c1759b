select
    landed.id as engagement_id,
    {{ engagement_columns() }},
    {{ to_instant('landed.hs_task_completion_date', source_zone('hubspot')) }} as occurred_at,
    coalesce(upper(landed.hs_task_status) = 'COMPLETED', false)
    and not {{ to_boolean('landed.archived') }} as is_completed,
    {{ version_columns() }}
{{ visible_rows('raw_hubspot', 'tasks') }}
