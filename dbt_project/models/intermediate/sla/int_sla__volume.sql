with run as (

    select as_of from {{ source('build', 'build_context') }}

),

versions as (

    select * from {{ ref('int_agreement__versions') }}

),

commitments as (

    select * from {{ ref('stg_agreement__commitments') }}

),

handoffs as (

    select * from {{ ref('int_handoffs__all_handoffs') }}
    where met_definition

),

first_events as (

    select min(entered_at) as first_event_at from {{ ref('int_transitions__all_transitions') }}

),

periods as (

    -- The version in force at a period's start speaks for the whole period.
    select
        versions.agreement_version,
        versions.time_zone,
        commitments.period_kind,
        commitments.segment,
        commitments.qualified_handoffs,
        period.starts::date as period_start,
        {{ local_instant('period.starts', 'versions.time_zone') }} as started_at,
        {{ local_instant(
            "(period.starts + case commitments.period_kind when 'quarter' then interval '3 months' else interval '1 month' end)",
            'versions.time_zone'
        ) }} as due_at
    from versions
    cross join run
    inner join commitments on versions.agreement_version = commitments.agreement_version
    cross join lateral generate_series(
        date_trunc(commitments.period_kind, versions.valid_from::timestamp),
        run.as_of at time zone versions.time_zone,
        case commitments.period_kind
            when 'quarter' then interval '3 months' else interval '1 month'
        end
    ) as period (starts)

),

in_force as (

    select periods.*
    from periods
    cross join run
    inner join versions
        on
            periods.agreement_version = versions.agreement_version
            and periods.started_at >= versions.valid_from_at
            and periods.started_at < versions.in_force_to
    cross join first_events
    -- What came before the company's first event was nobody's promise to deliver.
    where periods.started_at < run.as_of and periods.due_at > first_events.first_event_at

),

delivered as (

    select
        in_force.*,
        handoffs.handoff_id,
        handoffs.offered_at,
        row_number() over (
            partition by
                in_force.agreement_version,
                in_force.period_kind,
                in_force.segment,
                in_force.period_start
            order by handoffs.offered_at, handoffs.handoff_id
        ) as delivery_number
    from in_force
    left join handoffs
        on
            handoffs.offered_at >= in_force.started_at
            and handoffs.offered_at < in_force.due_at
            and in_force.segment in (
                'all', 'tier:' || handoffs.tier, 'lead_source:' || handoffs.lead_source,
                'team:' || handoffs.team_at_offer
            )

),

final as (

    select
        agreement_version,
        period_kind,
        segment,
        period_start,
        started_at,
        due_at,
        qualified_handoffs as required,
        count(handoff_id) as counted,
        case
            when qualified_handoffs <= 0 then started_at
            else min(offered_at) filter (
                    where delivery_number = qualified_handoffs and handoff_id is not null
                )
        end as met_at
    from delivered
    group by
        agreement_version,
        period_kind,
        segment,
        period_start,
        started_at,
        due_at,
        qualified_handoffs

)

select * from final
