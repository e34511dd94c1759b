with unmapped as (

    select * from {{ ref('int_events__all_unmapped_values') }}

),

final as (

    select
        'unmapped_stage_value' as rule,
        'stage_value' as subject_type,
        source_system || '|' || object_name || '|' || field_name || '|' || raw_value as subject_id,
        cast(null as {{ type_text() }}) as lead_id,
        cast(null as {{ type_text() }}) as handoff_id,
        min(occurred_at) as occurred_at,
        'certain' as grade,
        {{ json_object({
            'source_system': 'source_system',
            'object': 'object_name',
            'field': 'field_name',
            'value': 'raw_value',
            'events': 'count(*)',
            'leads': 'count(distinct lead_id)',
        }) }} as evidence,
        'The value "' || raw_value || '" of ' || source_system || ' ' || field_name
        || ' stands on ' || count(*) || ' event(s) and has no line in the stage map.' as message
    from unmapped
    group by source_system, object_name, field_name, raw_value

)

select * from final
