with monthly as (

    select * from {{ ref('int_waterfall__monthly') }}

),

run as (

    select as_of from {{ source('build', 'build_context') }}

),

in_force as (

    select versions.agreement_version from {{ ref('int_agreement__versions') }} as versions
    cross join run
    where run.as_of >= versions.in_force_from and run.as_of < versions.in_force_to

),

benchmarks as (

    select
        max(benchmarks.value) filter (where metric = 'acceptance_rate' and kind = 'benchmark')
            as acceptance_rate_benchmark,
        max(benchmarks.value) filter (where metric = 'acceptance_rate' and kind = 'target')
            as acceptance_rate_target,
        max(benchmarks.value) filter (
            where metric = 'closed_won_per_1000_inquiries' and kind = 'benchmark'
        )
            as closed_won_per_1000_inquiries_benchmark
    from {{ ref('stg_agreement__benchmarks') }} as benchmarks
    inner join in_force on benchmarks.agreement_version = in_force.agreement_version

),

final as (

    select
        monthly.month,
        monthly.basis,
        monthly.segment,
        monthly.inquiries,
        monthly.mqls,
        monthly.handoffs,
        monthly.accepted,
        monthly.accepted_by_person,
        monthly.accepted_by_machine,
        monthly.rejected,
        monthly.ignored,
        monthly.sqls,
        monthly.won,
        monthly.lost,
        monthly.amount_won,
        monthly.currency,
        round(monthly.due_accepted_by_person::numeric / nullif(monthly.due, 0), 6)
            as acceptance_rate,
        round(
            ({{ wilson_bound('monthly.due_accepted_by_person', 'monthly.due', 'low') }})::numeric, 6
        )
            as acceptance_rate_low,
        round(
            ({{ wilson_bound('monthly.due_accepted_by_person', 'monthly.due', 'high') }})::numeric,
            6
        )
            as acceptance_rate_high,
        benchmarks.acceptance_rate_benchmark,
        benchmarks.acceptance_rate_target,
        round(1000.0 * monthly.won / nullif(monthly.inquiries, 0), 6)
            as closed_won_per_1000_inquiries,
        benchmarks.closed_won_per_1000_inquiries_benchmark,
        monthly.pending = 0 as is_mature,
        run.as_of as run_as_of
    from monthly
    cross join run
    cross join benchmarks

)

select * from final
