with findings as (

    select * from {{ ref('int_integrity__findings') }}

),

run as (

    select as_of from {{ source('build', 'build_context') }}

),

in_force as (

    select agreement_version from {{ ref('int_agreement__in_force') }}

),

rules as (

    select rules.* from {{ ref('stg_agreement__rules') }} as rules
    inner join in_force on rules.agreement_version = in_force.agreement_version

),

waivers as (

    select finding_id, waived_by, waiver_reason from {{ ref('int_integrity__waived') }}

),

final as (

    select
        findings.finding_id,
        findings.rule,
        {{ severity_of('rules.severity', 'findings.grade') }} as severity,
        findings.grade,
        findings.subject_type,
        findings.subject_id,
        findings.lead_id,
        findings.handoff_id,
        findings.owner_id,
        findings.team,
        findings.machine,
        findings.occurred_at,
        waivers.waived_by,
        waivers.waiver_reason,
        findings.evidence,
        findings.message,
        run.as_of as run_as_of
    from findings
    cross join run
    inner join rules on findings.rule = rules.rule and rules.is_enabled
    left join waivers on findings.finding_id = waivers.finding_id

)

select * from final
