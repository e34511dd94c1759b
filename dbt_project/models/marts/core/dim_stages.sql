select
    stages.stage,
    stages.stage_rank,
    stages.kind,
    stages.meaning,
    run.as_of as run_as_of
from {{ ref('stg_agreement__stages') }} as stages
cross join {{ source('build', 'build_context') }} as run
