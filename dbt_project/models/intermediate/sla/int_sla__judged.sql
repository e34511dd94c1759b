{{ config(materialized='view') }}

with run as (

    select as_of from {{ source('build', 'build_context') }}

),

clauses as (

    select * from {{ ref('int_sla__all_clauses') }}

),

clock_now as (

    select * from {{ ref('int_sla__working_seconds_by_now') }}

),

volume as (

    select * from {{ ref('int_sla__volume') }}

),

versions as (

    select agreement_version, warning_hours from {{ ref('int_agreement__versions') }}

),

measured as (

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
        cast(null as date) as period_start,
        cast(null as {{ type_text() }}) as segment,
        clauses.started_at,
        clauses.due_at,
        clauses.met_at,
        clauses.is_void,
        clauses.next_offered_at,
        clauses.due_unit is not null as is_time,
        cast(clauses.required as numeric) as required,
        case
            when clauses.started_at is null then null
            when clauses.due_unit = 'business_hours'
                then coalesce(
                        clauses.working_seconds_used,
                        greatest(
                            clock_now.working_seconds - clauses.working_seconds_before_start, 0
                        )
                    ) / 3600
            when clauses.due_unit = 'days'
                then greatest(
                        {{ seconds_between(
                            'clauses.started_at', 'coalesce(clauses.met_at, run.as_of)'
                        ) }},
                        0
                    ) / 86400
            else clauses.counted
        end as actual
    from clauses
    cross join run
    left join clock_now
        on
            clauses.agreement_version = clock_now.agreement_version
            and clauses.calendar = clock_now.calendar

    union all

    select
        null, null, 'volume', 'marketing', null, null, null, null, agreement_version, period_start,
        segment, started_at, due_at, met_at, false, null, false, required, counted
    from volume

),

judged as (

    select
        measured.*,
        run.as_of as run_as_of,
        versions.warning_hours,
        case
            when measured.started_at is null then 'not_applicable'
            when measured.met_at <= measured.due_at then 'met'
            when measured.is_void then 'not_applicable'
            -- The next handoff opened before this one's promise fell due.
            when measured.next_offered_at <= measured.due_at then 'not_applicable'
            when run.as_of > measured.due_at then 'breached'
            else 'pending'
        end as status
    from measured
    cross join run
    left join versions on measured.agreement_version = versions.agreement_version

),

final as (

    select
        handoff_id,
        lead_id,
        clause,
        party,
        owner_id,
        team,
        manager_id,
        tier,
        agreement_version,
        period_start,
        segment,
        started_at,
        due_at,
        met_at,
        status,
        status = 'pending'
        and due_at <= {{ add_seconds('run_as_of', 'warning_hours * 3600') }} as at_risk,
        case when status <> 'not_applicable' then round(required, 6) end as required,
        case when status <> 'not_applicable' then round(actual, 6) end as actual,
        case
            when status <> 'not_applicable'
                then round(case when is_time then required - actual else actual - required end, 6)
        end as margin,
        run_as_of
    from judged

)

select * from final
