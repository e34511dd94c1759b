select
    stage,
    cast(rank as integer) as stage_rank,
    kind,
    meaning
from {{ ref('stages') }}
