with run as (

    select as_of from {{ source('build', 'build_context') }}

),

days as (

    select day::date as calendar_date
    from run
    cross join generate_series(
        date '2010-01-01',
        (date_trunc('year', run.as_of) + interval '2 years')::date,
        interval '1 day'
    ) as day

),

final as (

    select
        days.calendar_date,
        extract(year from days.calendar_date)::integer as calendar_year,
        date_trunc('quarter', days.calendar_date)::date as quarter_start,
        date_trunc('month', days.calendar_date)::date as month_start,
        date_trunc('week', days.calendar_date)::date as week_start,
        extract(isoyear from days.calendar_date)::integer as iso_year,
        extract(week from days.calendar_date)::integer as iso_week,
        extract(isodow from days.calendar_date)::integer as iso_weekday,
        run.as_of as run_as_of
    from days
    cross join run

)

select * from final
