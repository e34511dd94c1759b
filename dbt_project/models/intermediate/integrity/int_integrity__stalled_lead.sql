with stays as (

    select * from {{ ref('int_integrity__running_stays') }}

),

limited as (

    select
        stays.*,
        {{ threshold('stalled_lead', 'stall_days', 'stays.agreement_version', 90) }} as stall_days
    from stays

),

-- What the source itself calls the stage entered.
source_values as (

    select event_id, raw_value from {{ ref('int_events__all_stage_events') }}
    where raw_value is not null

),

final as (

    select
        'stalled_lead' as rule,
        'transition' as subject_type,
        transition_id as subject_id,
        lead_id,
        transition_number,
        {{ add_days('entered_at', 'stall_days') }} as occurred_at,
        cast(null as {{ type_text() }}) as machine,
        'certain' as grade,
        {{ json_object({
            'stage': 'to_stage',
            'value': 'source_values.raw_value',
            'entered_at': iso_utc('entered_at'),
            'stall_days': 'stall_days',
            'days_in_stage': "round(" ~ seconds_between('entered_at', 'as_of') ~ " / 86400, 1)",
        }) }} as evidence,
        'In ' || {{ stage_named('to_stage', 'source_values.raw_value') }}
        || ' since '
        || {{ readable('entered_at') }}
        || ', longer than '
        || stall_days || ' days.' as message
    from limited
    left join source_values on limited.transition_id = source_values.event_id
    where as_of > {{ add_days('latest_at', 'stall_days') }}

)

select * from final
