select transition.transition_id, transition.lead_id
from fct_stage_transitions as transition
left join fct_stage_events as event
    on event.lead_id = transition.lead_id
    and event.source_system = transition.source_system
    and event.source_event_id = transition.source_event_id
    and event.stage = transition.to_stage
    and event.occurred_at = transition.entered_at
    and event.is_authority and not event.is_echo and not event.is_repeat
where event.event_id is null
