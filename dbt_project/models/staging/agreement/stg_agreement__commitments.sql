select
    agreement_version,
    period_kind,
    segment,
    cast(qualified_handoffs as integer) as qualified_handoffs,
    cast(month || '-01' as date) as month_starts_on
from {{ ref('agreement_commitments') }}
