select
    agreement_version,
    rule,
    threshold,
    value,
    unit
from {{ ref('agreement_thresholds') }}
