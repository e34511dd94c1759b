with cohorts as (

    select * from {{ ref('int_trends__sal_cohorts') }}

),

run as (

    select as_of from {{ source('build', 'build_context') }}

),

in_force as (

    select agreement_version from {{ ref('int_agreement__in_force') }}

),

benchmarks as (

    select benchmarks.* from {{ ref('int_agreement__benchmarks') }} as benchmarks
    inner join in_force on benchmarks.agreement_version = in_force.agreement_version

),

final as (

    select
        cohorts.month,
        cohorts.sal_stage,
        cohorts.journeys,
        cohorts.inquiries,
        cohorts.mqls,
        cohorts.handoffs,
        cohorts.sqls,
        cohorts.won,
        cohorts.open_journeys,
        {{ share('cohorts.won', 'cohorts.inquiries', factor=1000) }}
            as closed_won_per_1000_inquiries,
        {{ share_bound('cohorts.won', 'cohorts.inquiries', 'low', factor=1000) }}
            as closed_won_per_1000_inquiries_low,
        {{ share_bound('cohorts.won', 'cohorts.inquiries', 'high', factor=1000) }}
            as closed_won_per_1000_inquiries_high,
        {{ share('cohorts.won_of_sqls', 'cohorts.sqls') }} as close_rate,
        {{ share_bound('cohorts.won_of_sqls', 'cohorts.sqls', 'low') }} as close_rate_low,
        {{ share_bound('cohorts.won_of_sqls', 'cohorts.sqls', 'high') }} as close_rate_high,
        cohorts.median_hours_to_sql,
        cohorts.median_hours_to_won,
        benchmarks.closed_won_per_1000_inquiries_benchmark,
        benchmarks.closed_won_per_1000_inquiries_without_sal_benchmark,
        -- A pending handoff may yet carry its journey from one group into another.
        sum(cohorts.pending) over (partition by cohorts.month) = 0 as is_mature,
        run.as_of as run_as_of
    from cohorts
    cross join run
    cross join benchmarks

)

select * from final
