with opportunities as (

    select * from {{ ref('int_marketing__opportunities') }}

),

versions as (

    select agreement_version, valid_from, is_first from {{ ref('int_agreement__versions') }}

),

calendar as (

    select as_of, running_month from {{ ref('int_agreement__in_force') }}

),

counted as (

    -- One row of all currencies together, then one of each.
    select
        month,
        coalesce(currency, 'all') as currency,
        count(*) as opportunities,
        count(*) filter (where is_marketing_sourced) as marketing_sourced,
        count(distinct currency) filter (where amount is not null) as currencies,
        sum(amount) as amount,
        sum(amount) filter (where is_marketing_sourced) as amount_marketing_sourced
    from opportunities
    group by grouping sets ((month), (month, currency))

),

under_versions as (

    select
        counted.*,
        versions.valid_from,
        {{ threshold('too_good_pipeline', 'share', 'versions.agreement_version', 'null') }}
            as too_good_share,
        {{ threshold(
            'too_good_pipeline', 'minimum_opportunities', 'versions.agreement_version', 'null'
        ) }} as too_good_minimum_opportunities
    from counted
    inner join versions on versions.is_first or counted.month >= versions.valid_from

),

judged as (

    -- The limits are those of the version in force at the month's start.
    {{ first_per('under_versions', ['month', 'currency'], ['valid_from desc']) }}

),

final as (

    select
        judged.month,
        judged.currency,
        judged.opportunities,
        judged.marketing_sourced,
        {{ share('judged.marketing_sourced', 'judged.opportunities') }}
            as marketing_sourced_share,
        {{ share_bound('judged.marketing_sourced', 'judged.opportunities', 'low') }}
            as marketing_sourced_share_low,
        {{ share_bound('judged.marketing_sourced', 'judged.opportunities', 'high') }}
            as marketing_sourced_share_high,
        -- Amounts of more than one currency are never added.
        case when judged.currencies = 1 then judged.amount end as amount,
        case when judged.currencies = 1 then judged.amount_marketing_sourced end
            as amount_marketing_sourced,
        judged.too_good_share,
        judged.too_good_minimum_opportunities,
        judged.opportunities >= judged.too_good_minimum_opportunities
        and judged.marketing_sourced > judged.too_good_share * judged.opportunities as is_too_good,
        judged.month < calendar.running_month as is_mature,
        calendar.as_of as run_as_of
    from judged
    cross join calendar

)

select * from final
