{{ config(materialized='view') }}

with run as (

    select as_of from {{ source('build', 'build_context') }}

),

measured as (

    select * from {{ ref('int_sla__measured') }}

),

versions as (

    select agreement_version, warning_hours from {{ ref('int_agreement__versions') }}

),

looked_at as (

    select
        measured.*,
        run.as_of as run_as_of,
        versions.warning_hours,
        coalesce(measured.met_at <= measured.due_at, false) as is_met
    from measured
    cross join run
    left join versions on measured.agreement_version = versions.agreement_version

),

explained as (

    -- The first reason that holds tells why nobody had to keep a promise, or could.
    select
        looked_at.*,
        case
            when started_at is null then 'not_started'
            when not is_met and is_by_machine then 'by_machine'
            -- The next handoff opened before this one's promise fell due.
            when not is_met and next_offered_at <= due_at then 'superseded'
            when not is_met and is_excused then 'excused'
        end as not_applicable_because
    from looked_at

),

judged as (

    select
        explained.*,
        case
            when not_applicable_because is not null then 'not_applicable'
            when is_met then 'met'
            when run_as_of > due_at then 'breached'
            else 'pending'
        end as status
    from explained

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
        not_applicable_because,
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
