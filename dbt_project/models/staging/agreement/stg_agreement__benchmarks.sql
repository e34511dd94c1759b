select
    agreement_version,
    metric,
    kind,
    cast(value as numeric) as value,
    source
from {{ ref('agreement_benchmarks') }}
