select
    agreement_version,
    period_kind,
    segment,
    qualified_handoffs::integer as qualified_handoffs
from {{ ref('agreement_commitments') }}
