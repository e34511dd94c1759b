select
    legs.handoff_id,
    legs.lead_id,
    legs.leg_number,
    legs.owner_id,
    legs.from_at,
    legs.to_at,
    round(legs.business_seconds_held / 3600, 6) as business_hours_held,
    legs.responded,
    run.as_of as run_as_of
from {{ ref('int_handoffs__all_legs') }} as legs
cross join {{ source('build', 'build_context') }} as run
