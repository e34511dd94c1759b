with handoffs as (

    select * from {{ ref('int_marketing__handoffs') }}

),

tiers as (

    select agreement_version, count(*) as tiers from {{ ref('stg_agreement__tiers') }}
    group by agreement_version

),

calendar as (

    select as_of, running_month from {{ ref('int_agreement__in_force') }}

),

counted as (

    select
        handoffs.month,
        coalesce(handoffs.tier, 'none') as tier,
        count(*) as handoffs,
        cast(sum(count(*)) over (partition by handoffs.month) as bigint) as handoffs_of_all_tiers,
        max(max(tiers.tiers)) over (partition by handoffs.month) as tiers_agreed
    from handoffs
    left join tiers on handoffs.judged_version = tiers.agreement_version
    group by handoffs.month, coalesce(handoffs.tier, 'none')

),

final as (

    select
        counted.month,
        counted.tier,
        counted.handoffs,
        counted.handoffs_of_all_tiers,
        {{ share('counted.handoffs', 'counted.handoffs_of_all_tiers') }} as share,
        {{ share_bound('counted.handoffs', 'counted.handoffs_of_all_tiers', 'low') }}
            as share_low,
        {{ share_bound('counted.handoffs', 'counted.handoffs_of_all_tiers', 'high') }}
            as share_high,
        -- Fewer than twenty may well be alike by chance; one agreed tier leaves no choice.
        coalesce(counted.tiers_agreed, 0) > 1
        and counted.handoffs = counted.handoffs_of_all_tiers
        and counted.handoffs >= 20 as is_one_bucket,
        counted.month < calendar.running_month as is_mature,
        calendar.as_of as run_as_of
    from counted
    cross join calendar

)

select * from final
