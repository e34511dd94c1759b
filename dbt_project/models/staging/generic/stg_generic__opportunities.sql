select
    landed.opportunity_id,
    landed.lead_id as lead_record_id,
    landed.stage as stage_name,
    {{ to_number('landed.amount') }} as amount,
    landed.currency,
    {{ to_boolean('landed.is_closed') }} as is_closed,
    {{ to_boolean('landed.is_won') }} as is_won,
    {{ to_instant('landed.closed_at', source_zone('generic')) }} as closed_at,
    landed.owner_id,
    {{ to_instant('landed.created_at', source_zone('generic')) }} as created_at,
    landed.created_by as created_by_id,
    landed.closed_by as closed_by_id,
    {{ version_columns() }}
{{ visible_rows('raw_generic', 'opportunities') }}
