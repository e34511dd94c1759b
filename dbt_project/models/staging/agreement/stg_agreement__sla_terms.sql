select
    agreement_version,
    tier,
    clause,
    cast(due_in as numeric) as due_in,
    due_unit,
    cast(touches as integer) as touches,
    cast(channels as integer) as channels
from {{ ref('agreement_sla_terms') }}
