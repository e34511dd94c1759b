select
    agreement_version,
    reason,
    family,
    {{ to_boolean('needs_follow_up') }} as needs_follow_up,
    {{ to_boolean('is_overqualification') }} as is_overqualification
from {{ ref('agreement_rejection_reasons') }}
