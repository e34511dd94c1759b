select
    versions.agreement_version,
    versions.valid_from_at as valid_from,
    versions.valid_to_at as valid_to,
    versions.time_zone,
    versions.default_calendar,
    versions.handoff_stage,
    versions.uses_tql,
    versions.minimum_score,
    versions.minimum_attributes,
    versions.routing_grace_minutes,
    versions.clock_restarts_on_transfer,
    versions.warning_hours,
    versions.marketing_signed_by,
    versions.marketing_signed_on,
    versions.sales_signed_by,
    versions.sales_signed_on,
    versions.executive_signed_by,
    versions.executive_signed_on,
    versions.note,
    versions.scoring_rule_version,
    run.as_of as run_as_of
from {{ ref('int_agreement__versions') }} as versions
cross join {{ source('build', 'build_context') }} as run
