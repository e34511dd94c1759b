with run as (

    select as_of from {{ source('build', 'build_context') }}

),

versions as (

    select * from {{ ref('int_agreement__versions') }}

),

commitments as (

    select * from {{ ref('stg_agreement__commitments') }}

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
    where commitments.month_starts_on is null or commitments.month_starts_on = period.starts

),

final as (

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

)

select * from final
