with run as (

    select as_of from {{ source('build', 'build_context') }}

),

days as (

    select cast(days.day as date) as calendar_date
    from run
    cross join
        {{ each_day(
            "date '2010-01-01'",
            add_calendar_years(period_start("'year'", local_date('run.as_of', "'UTC'")), 2)
        ) }} as days (day)

),

final as (

    select
        days.calendar_date,
        cast(extract(year from days.calendar_date) as integer) as calendar_year,
        {{ period_start("'quarter'", 'days.calendar_date') }} as quarter_start,
        {{ period_start("'month'", 'days.calendar_date') }} as month_start,
        {{ period_start("'week'", 'days.calendar_date') }} as week_start,
        {{ iso_year('days.calendar_date') }} as iso_year,
        {{ iso_week('days.calendar_date') }} as iso_week,
        {{ iso_weekday('days.calendar_date') }} as iso_weekday,
        run.as_of as run_as_of
    from days
    cross join run

)

select * from final
