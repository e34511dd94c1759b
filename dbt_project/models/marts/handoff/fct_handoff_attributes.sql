select
    attributes.handoff_id,
    attributes.lead_id,
    attributes.attribute,
    attributes.is_met,
    run.as_of as run_as_of
from {{ ref('int_handoffs__all_attributes') }} as attributes
cross join {{ source('build', 'build_context') }} as run
