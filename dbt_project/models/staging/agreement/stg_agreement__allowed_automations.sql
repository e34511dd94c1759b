select
    agreement_version,
    source_system,
    user_id,
    campaign,
    from_stage,
    to_stage,
    description
from {{ ref('agreement_allowed_automations') }}
