select
    agreement_version,
    tier,
    clause,
    due_in::numeric as due_in,
    due_unit,
    touches::integer as touches,
    channels::integer as channels
from {{ ref('agreement_sla_terms') }}
