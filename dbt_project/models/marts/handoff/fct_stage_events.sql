select
    events.event_id,
    events.lead_id,
    events.source_system,
    events.source_event_id,
    events.stage,
    events.raw_value,
    events.occurred_at,
    events.has_time_of_day,
    events.recorded_at,
    events.actor_id,
    events.actor_type,
    events.reason,
    events.is_authority,
    events.is_echo,
    events.is_repeat,
    run.as_of as run_as_of
from {{ ref('int_events__all_stage_events') }} as events
cross join {{ source('build', 'build_context') }} as run
