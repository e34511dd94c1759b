with live as (

    select * from {{ ref('int_identity__all_lead_ids') }}
    where not is_deleted and merged_into_id is null

),

doubled as (

    select
        lead_id,
        source_system,
        count(*) as live_records,
        min(case when is_survivor then record_id end) as survivor_id,
        max(created_at) as doubled_at
    from live
    group by lead_id, source_system
    having count(*) > 1

),

final as (

    select
        'duplicate_live_record' as rule,
        'record' as subject_type,
        source_system || '|' || survivor_id as subject_id,
        lead_id,
        cast(null as {{ type_text() }}) as handoff_id,
        doubled_at as occurred_at,
        'certain' as grade,
        {{ json_object({
            'source_system': 'source_system',
            'survivor_id': 'survivor_id',
            'live_records': 'live_records',
        }) }} as evidence,
        'Stands ' || live_records || ' times as a live record in ' || source_system || '; '
        || survivor_id || ' is taken.' as message
    from doubled

)

select * from final
