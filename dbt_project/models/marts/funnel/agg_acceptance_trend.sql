with rolling as (

    select * from {{ ref('int_trends__acceptance_rolling') }}

),

reviews as (

    select * from {{ ref('int_trends__review_months') }}

),

benchmarks as (

    select agreement_version, acceptance_rate_benchmark, acceptance_rate_target
    from {{ ref('int_agreement__benchmarks') }}

),

run as (

    select as_of from {{ source('build', 'build_context') }}

),

rated as (

    select
        rolling.*,
        cast(accepted_by_person as double precision) / nullif(due, 0) as rate,
        {{ wilson_bound('accepted_by_person', 'due', 'low') }} as rate_low,
        {{ wilson_bound('accepted_by_person', 'due', 'high') }} as rate_high
    from rolling

),

compared as (

    select
        rated.*,
        lag(rate) over (order by month) as rate_before,
        lag(rate_low) over (order by month) as rate_before_low,
        lag(rate_high) over (order by month) as rate_before_high
    from rated

),

final as (

    select
        compared.month,
        compared.handoffs,
        compared.due,
        compared.accepted_by_person,
        compared.accepted_by_machine,
        compared.accepted_by_unknown,
        compared.rejected,
        compared.ignored,
        {% for measure, rate in [
            ('accepted_by_person', 'acceptance_rate'),
            ('accepted_by_machine', 'machine_acceptance_rate'),
            ('rejected', 'rejected_share'), ('ignored', 'ignored_share'),
        ] %}
        {{ share('compared.' ~ measure, 'compared.due') }} as {{ rate }},
        {{ share_bound('compared.' ~ measure, 'compared.due', 'low') }} as {{ rate }}_low,
        {{ share_bound('compared.' ~ measure, 'compared.due', 'high') }} as {{ rate }}_high,
        {% endfor %}
        compared.rolling_due,
        {{ share('compared.rolling_accepted_by_person', 'compared.rolling_due') }}
            as rolling_acceptance_rate,
        {{ share_bound('compared.rolling_accepted_by_person', 'compared.rolling_due', 'low') }}
            as rolling_acceptance_rate_low,
        {{ share_bound('compared.rolling_accepted_by_person', 'compared.rolling_due', 'high') }}
            as rolling_acceptance_rate_high,
        {{ six_decimals('rate - rate_before') }} as acceptance_rate_change,
        {% for side in ['low', 'high'] %}
        {{ six_decimals(newcombe_bound(
            'rate', 'rate_low', 'rate_high', 'rate_before', 'rate_before_low', 'rate_before_high',
            side
        )) }} as acceptance_rate_change_{{ side }},
        {% endfor %}
        benchmarks.acceptance_rate_benchmark,
        benchmarks.acceptance_rate_target,
        reviews.is_review_month,
        reviews.reviews_held_before,
        compared.is_over and compared.pending = 0 as is_mature,
        run.as_of as run_as_of
    from compared
    cross join run
    inner join benchmarks on compared.agreement_version = benchmarks.agreement_version
    inner join reviews on compared.month = reviews.month

)

select * from final
