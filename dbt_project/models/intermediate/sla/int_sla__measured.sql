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
        cast(null as date) as period_start,
        cast(null as {{ type_text() }}) as segment,
        clauses.started_at,
        clauses.due_at,
        clauses.met_at,
        clauses.started_latest_at,
        clauses.due_earliest_at,
        clauses.met_earliest_at,
        clauses.met_latest_at,
        clauses.is_excused,
        clauses.is_excusable,
        clauses.is_surely_excused,
        clauses.is_by_machine,
        clauses.is_surely_by_machine,
        false as is_undecided,
        clauses.offered_at,
        clauses.next_offered_earliest_at,
        clauses.next_offered_latest_at,
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
        segment, started_at, due_at, met_at, started_at, due_at, met_at, met_at, false, false,
        false, false, false, is_undecided, null, null, null, false, required, counted
    from volume

)

select * from final
