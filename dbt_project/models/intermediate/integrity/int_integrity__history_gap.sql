with gaps as (

    select * from {{ ref('int_events__all_history_gaps') }}

),

final as (

    select
        'history_gap' as rule,
        'event' as subject_type,
        gaps.event_id as subject_id,
        gaps.lead_id,
        cast(null as {{ type_text() }}) as handoff_id,
        gaps.occurred_at,
        'certain' as grade,
        {{ json_object({
            'source_system': 'gaps.source_system',
            'record_id': 'gaps.record_id',
            'field': 'gaps.field_name',
            'last_new_value': 'gaps.last_new_value',
            'old_value': 'gaps.old_value',
            'new_value': 'gaps.new_value',
            'occurred_at': iso_utc('gaps.occurred_at'),
            'actor_id': 'gaps.actor_id',
        }) }} as evidence,
        'The change of ' || gaps.field_name || ' at '
        || {{ readable('gaps.occurred_at') }} || ' starts from '
        || coalesce('"' || gaps.old_value || '"', 'nothing') || ', but the one before it ended at '
        || coalesce('"' || gaps.last_new_value || '"', 'nothing') || ': history is missing.'
            as message
    from gaps

)

select * from final
