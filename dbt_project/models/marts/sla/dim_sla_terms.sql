select
    terms.agreement_version,
    terms.tier,
    terms.clause,
    terms.due_in,
    terms.due_unit,
    terms.touches,
    terms.channels,
    run.as_of as run_as_of
from {{ ref('stg_agreement__sla_terms') }} as terms
cross join {{ source('build', 'build_context') }} as run
