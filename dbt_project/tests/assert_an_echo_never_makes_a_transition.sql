-- What a system without authority says is kept for comparison and moves nobody; what was folded is
-- part of the move before. All other events are moves, one each.
select
    events.event_id,
    events.is_echo,
    events.is_repeat,
    transitions.transition_id
from {{ ref('fct_stage_events') }} as events
full outer join {{ ref('fct_stage_transitions') }} as transitions
    on events.event_id = transitions.transition_id
where
    events.event_id is null
    or (events.is_echo or events.is_repeat) = (transitions.transition_id is not null)
