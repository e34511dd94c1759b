select
    lead_ids.lead_id,
    lead_ids.source_system,
    lead_ids.record_id as source_id,
    lead_ids.is_survivor,
    run.as_of as run_as_of
from {{ ref('int_identity__all_lead_ids') }} as lead_ids
cross join {{ source('build', 'build_context') }} as run
