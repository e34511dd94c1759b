select
    agreement_version,
    source_system,
    user_id,
    kind,
    description
from {{ ref('agreement_automation_users') }}
