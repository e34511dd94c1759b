with handoffs as (

    select * from {{ ref('int_handoffs__judged') }}

),

versions as (

    select time_zone, in_force_from, in_force_to from {{ ref('int_agreement__versions') }}

),

calendar as (

    select as_of, running_month from {{ ref('int_agreement__in_force') }}

),

-- A handoff counts in the month of its offer, its deal in the month it was won.
contributions as (

    select
        'handoffs' as measure, offered_at as moment, lead_source, campaign_id, currency,
        cast(null as numeric) as amount
    from handoffs

    union all

    select 'won', won_at, lead_source, campaign_id, currency, amount
    from handoffs
    where won_at is not null

),

counted as (

    select
        {{ local_month('contributions.moment', 'versions.time_zone') }}
            as month,
        coalesce(contributions.lead_source, 'none') as lead_source,
        coalesce(contributions.campaign_id, 'none') as campaign_id,
        coalesce(contributions.currency, 'none') as currency,
        count(*) filter (where contributions.measure = 'handoffs') as handoffs,
        count(*) filter (where contributions.measure = 'won') as won,
        count(*) filter (where contributions.measure = 'won' and contributions.amount is null)
            as won_without_amount,
        sum(contributions.amount) as amount_won
    from contributions
    inner join versions
        on
            contributions.moment >= versions.in_force_from
            and contributions.moment < versions.in_force_to
    group by 1, 2, 3, 4

),

final as (

    select
        counted.month,
        counted.lead_source,
        counted.campaign_id,
        counted.currency,
        counted.handoffs,
        counted.won,
        counted.won_without_amount,
        counted.amount_won,
        counted.month < calendar.running_month as is_mature,
        calendar.as_of as run_as_of
    from counted
    cross join calendar

)

select * from final
