{{ config(
    indexes=[
        {'columns': ['agreement_version', 'calendar', 'opens_at']},
        {'columns': ['agreement_version', 'calendar', 'seconds_before']},
    ]
) }}

with versions as (

    select agreement_version from {{ ref('int_agreement__versions') }}

),

calendars as (

    select * from {{ ref('stg_agreement__calendars') }}

),

holidays as (

    select agreement_version, calendar, holiday from {{ ref('stg_agreement__holidays') }}

),

run as (

    select as_of from {{ source('build', 'build_context') }}

),

days as (

    -- Long enough for the oldest history a source keeps and for any due time that a clock can give.
    select cast(days.day as date) as day
    from run
    cross join {{ each_day("date '2005-01-01'", add_calendar_years('run.as_of', 6)) }} as days (day)

),

open_days as (

    select
        calendars.agreement_version,
        calendars.calendar,
        days.day,
        calendars.time_zone,
        calendars.opens,
        calendars.closes
    from calendars
    inner join versions on calendars.agreement_version = versions.agreement_version
    inner join days on {{ iso_weekday('days.day') }} = calendars.weekday
    left join holidays
        on
            calendars.agreement_version = holidays.agreement_version
            and calendars.calendar = holidays.calendar
            and days.day = holidays.holiday
    where holidays.holiday is null

),

windows as (

    -- Working intervals are local: the clock change moves their instants, never their local hours.
    select
        agreement_version,
        calendar,
        {{ clock_instant('day', 'opens', 'time_zone') }} as opens_at,
        {{ clock_instant('day', 'closes', 'time_zone') }} as closes_at
    from open_days

),

final as (

    select
        agreement_version,
        calendar,
        opens_at,
        closes_at,
        {{ seconds_between('opens_at', 'closes_at') }} as open_seconds,
        coalesce(
            sum({{ seconds_between('opens_at', 'closes_at') }}) over (
                partition by agreement_version, calendar
                order by opens_at
                rows between unbounded preceding and 1 preceding
            ),
            0
        ) as seconds_before
    from windows
    where closes_at > opens_at

)

select * from final
