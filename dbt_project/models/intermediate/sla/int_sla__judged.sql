{{ config(materialized='view') }}

with run as (

    select as_of from {{ source('build', 'build_context') }}

),

measured as (

    select * from {{ ref('int_sla__measured') }}

),

versions as (

    select agreement_version, warning_hours, minimum_score, minimum_attributes
    from {{ ref('int_agreement__versions') }}

),

telling_sql as (

    select distinct agreement_version from {{ ref('stg_agreement__stage_map') }}
    where stage = 'sql' and is_authority and {{ is_lead_object('object_name') }}

),

spans as (

    select * from {{ ref('int_delivery__spans') }}

),

-- A promise is judged where all the facts that it needs came in from the offer to its due time.
looked_at as (

    select
        measured.*,
        case measured.clause
            when 'volume' then not measured.is_undecided
            when 'definition'
                then
                    (versions.minimum_score is null or scores.kind is not null)
                    and (versions.minimum_attributes is null or attributes.kind is not null)
            when 'no_stall'
                then telling_sql.agreement_version is not null or opportunities.kind is not null
            when 'response' then true
            when 'decision' then true
            -- Touches are promised, and a reason could excuse what is missing of them.
            else
                activities.kind is not null
                and (not measured.is_excusable or reasons.kind is not null)
        end as is_delivered,
        run.as_of as run_as_of,
        versions.warning_hours,
        coalesce(measured.met_earliest_at <= measured.due_at, false) as is_met,
        coalesce(measured.met_latest_at <= measured.due_earliest_at, false) as is_surely_met
    from measured
    cross join run
    left join versions on measured.agreement_version = versions.agreement_version
    left join telling_sql on measured.agreement_version = telling_sql.agreement_version
    {% for kind, moments in {
        'scores': ('offered_at', 'offered_at'), 'attributes': ('offered_at', 'offered_at'),
        'activities': ('offered_at', 'due_at'), 'reasons': ('offered_at', 'due_at'),
        'opportunities': ('offered_at', 'due_at'),
    }.items() %}
    left join spans as {{ kind }}
        on {{ is_delivered(
            kind, kind, 'measured.agreement_version', 'measured.' ~ moments[0],
            'measured.' ~ moments[1]
        ) }}
    {% endfor %}

),

explained as (

    -- The first reason that holds tells why nobody had to keep a promise, or could. What holds at
    -- some moments of a day and not at others nobody can tell.
    select
        looked_at.*,
        case
            when started_at is null then 'not_started'
            when not is_met and is_surely_by_machine then 'by_machine'
            -- The next handoff opened before this one's promise fell due.
            when not is_met and next_offered_latest_at <= due_earliest_at then 'superseded'
            when not is_met and is_surely_excused then 'excused'
            when not is_delivered then 'not_delivered'
            when is_met and not is_surely_met then 'no_time_of_day'
            when
                not is_met
                and (is_by_machine or is_excused or next_offered_earliest_at <= due_at)
                then 'no_time_of_day'
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
        started_latest_at,
        due_at,
        -- Whether it was kept nobody knows.
        case when coalesce(not_applicable_because, '') <> 'not_delivered' then met_at end as met_at,
        due_earliest_at,
        met_earliest_at,
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
