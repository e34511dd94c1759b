with monthly as (

    select * from {{ ref('int_waterfall__monthly') }}

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
        {{ share('monthly.due_accepted_by_person', 'monthly.due') }} as acceptance_rate,
        {{ share_bound('monthly.due_accepted_by_person', 'monthly.due', 'low') }}
            as acceptance_rate_low,
        {{ share_bound('monthly.due_accepted_by_person', 'monthly.due', 'high') }}
            as acceptance_rate_high,
        benchmarks.acceptance_rate_benchmark,
        benchmarks.acceptance_rate_target,
        {{ share('monthly.won', 'monthly.inquiries', factor=1000) }}
            as closed_won_per_1000_inquiries,
        {{ share_bound('monthly.won', 'monthly.inquiries', 'low', factor=1000) }}
            as closed_won_per_1000_inquiries_low,
        {{ share_bound('monthly.won', 'monthly.inquiries', 'high', factor=1000) }}
            as closed_won_per_1000_inquiries_high,
        benchmarks.closed_won_per_1000_inquiries_benchmark,
        benchmarks.closed_won_per_1000_inquiries_target,
        benchmarks.closed_won_per_1000_inquiries_without_sal_benchmark,
        monthly.restated_accepted as accepted_restated,
        monthly.restated_accepted_by_person as accepted_by_person_restated,
        monthly.restated_sqls as sqls_restated,
        monthly.restated_won as won_restated,
        {{ share('monthly.restated_due_accepted_by_person', 'monthly.restated_due') }}
            as acceptance_rate_restated,
        {{ share_bound('monthly.restated_due_accepted_by_person', 'monthly.restated_due', 'low') }}
            as acceptance_rate_restated_low,
        {{ share_bound('monthly.restated_due_accepted_by_person', 'monthly.restated_due', 'high') }}
            as acceptance_rate_restated_high,
        {{ share('monthly.restated_won', 'monthly.inquiries', factor=1000) }}
            as closed_won_per_1000_inquiries_restated,
        {{ share_bound('monthly.restated_won', 'monthly.inquiries', 'low', factor=1000) }}
            as closed_won_per_1000_inquiries_restated_low,
        {{ share_bound('monthly.restated_won', 'monthly.inquiries', 'high', factor=1000) }}
            as closed_won_per_1000_inquiries_restated_high,
        monthly.pending = 0 as is_mature,
        monthly.restated_pending = 0 as is_mature_restated,
        run.as_of as run_as_of
    from monthly
    cross join run
    cross join benchmarks

)

select * from final
