{% import "shared/night.sql" as shared %}
select 'fct_stage_events' as mart, event_id as id, occurred_at as at
from fct_stage_events
where occurred_at >= {{ shared.as_of() }}
union all
select 'fct_stage_transitions', transition_id, entered_at
from fct_stage_transitions
where entered_at >= {{ shared.as_of() }}
union all
select 'fct_handoffs', handoff_id, offered_at
from fct_handoffs
where offered_at >= {{ shared.as_of() }}
union all
select 'fct_touches', touch_id, occurred_at
from fct_touches
where occurred_at >= {{ shared.as_of() }}
