select
    stage,
    rank::integer as stage_rank,
    kind,
    meaning
from {{ ref('stages') }}
