with clauses as (

    select * from {{ ref('int_sla__judged') }}

),

versions as (

    select time_zone, in_force_from, in_force_to from {{ ref('int_agreement__versions') }}

),

final as (

    select
        clauses.handoff_id,
        clauses.lead_id,
        clauses.clause,
        clauses.party,
        clauses.owner_id,
        clauses.team,
        clauses.manager_id,
        clauses.tier,
        clauses.agreement_version,
        clauses.period_start,
        clauses.segment,
        clauses.started_at,
        clauses.due_at,
        {{ local_date('clauses.due_at', 'versions.time_zone') }} as due_on,
        clauses.met_at,
        clauses.status,
        clauses.not_applicable_because,
        clauses.at_risk,
        clauses.required,
        clauses.actual,
        clauses.margin,
        clauses.run_as_of
    from clauses
    left join versions
        on clauses.due_at >= versions.in_force_from and clauses.due_at < versions.in_force_to

)

select * from final
