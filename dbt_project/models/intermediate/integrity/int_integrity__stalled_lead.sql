with stays as (

    select * from {{ ref('int_transitions__all_transitions') }}
    where exited_at is null and to_stage in ('sal', 'sql')

),

run as (

    select as_of from {{ source('build', 'build_context') }}

),

limited as (

    select
        stays.*,
        run.as_of,
        {{ threshold('stalled_lead', 'stall_days', 'stays.agreement_version', 90) }} as stall_days
    from stays
    cross join run

),

final as (

    select
        'stalled_lead' as rule,
        'transition' as subject_type,
        transition_id as subject_id,
        lead_id,
        transition_number,
        {{ add_days('entered_at', 'stall_days') }} as occurred_at,
        'certain' as grade,
        {{ json_object({
            'stage': 'to_stage',
            'entered_at': iso_utc('entered_at'),
            'stall_days': 'stall_days',
            'days_in_stage': "round(" ~ seconds_between('entered_at', 'as_of') ~ " / 86400, 1)",
        }) }} as evidence,
        'In '
        || to_stage
        || ' since '
        || {{ readable('entered_at') }}
        || ', longer than '
        || stall_days || ' days.' as message
    from limited
    where as_of > {{ add_days('entered_at', 'stall_days') }}

)

select * from final
