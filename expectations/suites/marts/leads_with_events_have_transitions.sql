select distinct event.lead_id
from fct_stage_events as event
left join fct_stage_transitions as transition on transition.lead_id = event.lead_id
where event.is_authority and not event.is_echo and not event.is_repeat
    and transition.lead_id is null
