with clauses as (

    select handoff_id, clause, owner_id, team, manager_id, agreement_version, due_at, status
    from {{ ref('int_sla__judged') }}
    where party = 'sales' and status <> 'not_applicable'

),

handoffs as (

    select handoff_id, coalesce(accepted_by_type, rejected_by_type) as answered_by_type
    from {{ ref('int_handoffs__all_handoffs') }}

),

versions as (

    select time_zone, in_force_from, in_force_to from {{ ref('int_agreement__versions') }}

),

dated as (

    -- The week is the one that people at the place of the agreement saw on their calendars.
    select
        clauses.clause,
        coalesce(clauses.owner_id, 'nobody') as owner_id,
        clauses.team,
        clauses.manager_id,
        clauses.agreement_version,
        clauses.status,
        handoffs.answered_by_type,
        {{ period_start("'week'", local_date('clauses.due_at', 'versions.time_zone')) }}
            as week_start
    from clauses
    inner join versions
        on
            clauses.due_at >= versions.in_force_from
            and clauses.due_at < versions.in_force_to
    left join handoffs
        on clauses.clause = 'response' and clauses.handoff_id = handoffs.handoff_id

),

final as (

    select
        week_start,
        owner_id,
        agreement_version,
        team,
        manager_id,
        clause,
        count(*) as due,
        count(*) filter (where status = 'met') as met,
        count(*) filter (where status = 'breached') as breached,
        count(*) filter (where status = 'pending') as still_open,
        count(*) filter (where answered_by_type = 'automation') as machine_responses
    from dated
    group by week_start, owner_id, agreement_version, team, manager_id, clause

)

select * from final
