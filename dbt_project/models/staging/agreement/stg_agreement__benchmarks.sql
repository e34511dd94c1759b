select
    agreement_version,
    metric,
    kind,
    value::numeric as value,
    source
from {{ ref('agreement_benchmarks') }}
