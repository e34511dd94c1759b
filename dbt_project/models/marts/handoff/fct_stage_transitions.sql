with transitions as (

    select * from {{ ref('int_transitions__judged') }}

),

run as (

    select as_of from {{ source('build', 'build_context') }}

),

final as (

    select
        transitions.transition_id,
        transitions.lead_id,
        transitions.journey_number,
        transitions.transition_number,
        transitions.from_stage,
        transitions.to_stage,
        transitions.direction,
        transitions.skipped_stages,
        transitions.entered_at,
        transitions.entered_on,
        transitions.has_time_of_day,
        transitions.journey_started_on,
        transitions.exited_at,
        round(transitions.seconds_in_stage / 3600, 6) as hours_in_stage,
        round(transitions.business_seconds_in_stage / 3600, 6) as business_hours_in_stage,
        case
            when transitions.exited_at is null
                then round({{ seconds_between('transitions.entered_at', 'run.as_of') }} / 3600, 6)
        end as hours_so_far,
        round(transitions.seconds_in_previous_stage / 3600, 6) as hours_in_previous_stage,
        round(transitions.business_seconds_in_previous_stage / 3600, 6)
            as business_hours_in_previous_stage,
        transitions.actor_id,
        transitions.actor_type,
        transitions.source_system,
        transitions.source_event_id,
        transitions.touches_since_previous,
        transitions.is_silent,
        transitions.reason,
        transitions.agreement_version,
        run.as_of as run_as_of
    from transitions
    cross join run

)

select * from final
