{{ config(materialized='view') }}

with transitions as (

    select * from {{ ref('int_transitions__judged') }}

),

in_force as (

    select time_zone from {{ ref('int_agreement__in_force') }}

),

previous as (

    select lead_id, transition_number, entered_at, has_time_of_day, earliest_at, latest_at
    from transitions

),

promotions as (

    select
        transitions.*,
        previous.entered_at as previous_entered_at,
        {{ iso_weekday(local_date('previous.entered_at', 'in_force.time_zone')) }}
            as begun_on_weekday,
        {{ seconds_between('previous.entered_at', 'transitions.entered_at') }} / 86400
            as elapsed_days,
        {{ seconds_between('previous.latest_at', 'transitions.earliest_at') }} / 86400
            as least_elapsed_days,
        {{ seconds_between('previous.earliest_at', 'transitions.latest_at') }} / 86400
            as most_elapsed_days,
        previous.has_time_of_day and transitions.has_time_of_day as has_times_of_day,
        coalesce(
            transitions.actor_type = 'automation'
            or {{ mentions('transitions.reason', automation_words()) }},
            false
        ) as is_machine,
        {{ is_allowed_automation(
            'transitions.agreement_version', 'transitions.source_system', 'transitions.actor_id',
            'transitions.campaign', 'transitions.reason', 'transitions.from_stage',
            'transitions.to_stage'
        ) }} as is_registered
    from transitions
    cross join in_force
    inner join previous
        on
            transitions.lead_id = previous.lead_id
            and transitions.transition_number = previous.transition_number + 1
    where
        transitions.direction = 'forward'
        and transitions.from_stage in ('sal', 'sql')
        and transitions.to_stage in ('sql', 'won')

),

final as (

    -- Many silent moves in one minute are one batch, whoever's name they carry. A day is no minute.
    select
        promotions.*,
        cast(floor(elapsed_days) as integer) as whole_days,
        case
            when has_time_of_day
                then count(*) filter (where is_silent and has_time_of_day) over (
                        partition by {{ to_minute('entered_at') }}
                    )
            else 0
        end as in_batch
    from promotions

)

select * from final
