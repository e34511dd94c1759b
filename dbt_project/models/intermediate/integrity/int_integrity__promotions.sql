{{ config(materialized='view') }}

with transitions as (

    select * from {{ ref('int_transitions__all_transitions') }}

),

previous as (

    select lead_id, transition_number, entered_at from transitions

),

promotions as (

    select
        transitions.*,
        previous.entered_at as previous_entered_at,
        {{ seconds_between('previous.entered_at', 'transitions.entered_at') }} / 86400
            as elapsed_days,
        coalesce(
            transitions.actor_type = 'automation'
            or {{ mentions('transitions.reason', automation_words()) }},
            false
        ) as is_machine
    from transitions
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

    -- Many silent moves in one minute are one batch, whoever's name they carry.
    select
        promotions.*,
        count(*) filter (where is_silent) over (
            partition by {{ to_minute('entered_at') }}
        ) as in_batch
    from promotions

)

select * from final
