select
    touches.touch_id,
    touches.lead_id,
    touches.handoff_id,
    touches.source_system,
    touches.user_id,
    touches.channel,
    touches.occurred_at,
    touches.has_time_of_day,
    touches.recorded_at,
    touches.is_late_logged,
    run.as_of as run_as_of
from {{ ref('int_handoffs__all_touches') }} as touches
cross join {{ source('build', 'build_context') }} as run
