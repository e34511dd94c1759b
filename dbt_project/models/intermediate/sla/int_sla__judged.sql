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
