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
        cast(period.starts as date) as period_start,
        {{ midnight('period.starts', 'versions.time_zone') }} as started_at,
        {{ midnight(
            next_period('commitments.period_kind', 'period.starts'), 'versions.time_zone'
        ) }} as due_at
    from versions
    cross join run
    inner join commitments on versions.agreement_version = commitments.agreement_version
    cross join
        {{ each_period(
            'commitments.period_kind', 'versions.valid_from',
            local_date('run.as_of', 'versions.time_zone')
        ) }} as period (starts)

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
