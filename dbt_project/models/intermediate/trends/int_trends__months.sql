with run as (

    select as_of from {{ source('build', 'build_context') }}

),

versions as (

    select agreement_version, valid_from, is_first, time_zone, in_force_from, in_force_to
    from {{ ref('int_agreement__versions') }}

),

handoffs as (

    select offered_at from {{ ref('int_handoffs__all_handoffs') }}

),

first_offers as (

    select min(offered_at) as first_offered_at from handoffs

),

-- One month more at either end: where a version moves to another time zone, an instant may lie in
-- the month beside the one that its own clock showed.
calendar_months as (

    select cast(months.starts as date) as month
    from first_offers
    cross join run
    cross join
        {{ each_period(
            "'month'",
            add_calendar_days(local_month('first_offers.first_offered_at', "'UTC'"), -1),
            add_calendar_days(local_month('run.as_of', "'UTC'"), 62)
        ) }} as months (starts)

),

candidates as (

    select
        calendar_months.month,
        versions.agreement_version,
        versions.time_zone,
        versions.valid_from
    from calendar_months
    inner join versions
        on versions.is_first or versions.valid_from <= calendar_months.month

),

in_force as (

    {{ first_per('candidates', ['month'], ['valid_from desc']) }}

),

-- A month begins at midnight where the version that is in force then lives.
begun as (

    select
        in_force.month,
        in_force.agreement_version,
        in_force.time_zone,
        {{ midnight('in_force.month', 'in_force.time_zone') }} as starts_at
    from in_force

),

ended as (

    select
        begun.*,
        lead(starts_at) over (order by month) as ends_at
    from begun

),

final as (

    select
        ended.month,
        ended.agreement_version,
        ended.time_zone,
        ended.starts_at,
        ended.ends_at,
        ended.ends_at <= run.as_of as is_over
    from ended
    cross join run
    where ended.starts_at < run.as_of and ended.ends_at is not null

)

select * from final
