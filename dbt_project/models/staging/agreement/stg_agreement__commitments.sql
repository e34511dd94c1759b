select
    agreement_version,
    period_kind,
    segment,
    cast(qualified_handoffs as integer) as qualified_handoffs
from {{ ref('agreement_commitments') }}
