{{ config(materialized='view') }}

with versions as (

    select agreement_version from {{ ref('int_agreement__versions') }}

),

benchmarks as (

    select agreement_version, metric, kind, value from {{ ref('stg_agreement__benchmarks') }}

),

final as (

    select
        versions.agreement_version,
        max(benchmarks.value) filter (where metric = 'acceptance_rate' and kind = 'benchmark')
            as acceptance_rate_benchmark,
        max(benchmarks.value) filter (where metric = 'acceptance_rate' and kind = 'target')
            as acceptance_rate_target,
        max(benchmarks.value) filter (
            where metric = 'closed_won_per_1000_inquiries' and kind = 'benchmark'
        ) as closed_won_per_1000_inquiries_benchmark,
        max(benchmarks.value) filter (
            where metric = 'closed_won_per_1000_inquiries' and kind = 'target'
        ) as closed_won_per_1000_inquiries_target,
        max(benchmarks.value) filter (
            where metric = 'closed_won_per_1000_inquiries_without_sal' and kind = 'benchmark'
        ) as closed_won_per_1000_inquiries_without_sal_benchmark
    from versions
    left join benchmarks on versions.agreement_version = benchmarks.agreement_version
    group by versions.agreement_version

)

select * from final
