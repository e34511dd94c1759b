with run as (

    select as_of from {{ source('build', 'build_context') }}

),

versions as (

    select
        agreement_version,
        valid_from,
        valid_from_at,
        valid_to_at,
        time_zone,
        lag(agreement_version) over (order by valid_from) as previous_version,
        lag(valid_from_at) over (order by valid_from) as previous_from_at
    from {{ ref('int_agreement__versions') }}

),

-- Whole days of the new version's own calendar: a day of 23 or 25 hours is one like any other.
bounded as (

    select
        versions.*,
        {{ local_date('versions.previous_from_at', 'versions.time_zone') }} as previous_day,
        {{ local_date('versions.valid_to_at', 'versions.time_zone') }} as next_day,
        {{ local_date('run.as_of', 'versions.time_zone') }} as today,
        run.as_of as run_as_of
    from versions
    cross join run
    where versions.previous_version is not null and versions.valid_from_at <= run.as_of

),

measured as (

    select
        bounded.*,
        least(
            90,
            valid_from - previous_day
            - case
                when {{ midnight('previous_day', 'time_zone') }} < previous_from_at then 1 else 0
            end
        ) as days_before,
        coalesce(next_day - valid_from, 90) as days_until_next,
        today - valid_from as days_so_far
    from bounded

),

sized as (

    select
        measured.*,
        least(days_before, days_until_next, days_so_far) as window_days
    from measured

),

final as (

    select
        agreement_version,
        previous_version,
        valid_from_at,
        window_days,
        {{ midnight(add_calendar_days('valid_from', '-window_days'), 'time_zone') }}
            as before_from_at,
        {{ midnight(add_calendar_days('valid_from', 'window_days'), 'time_zone') }} as after_to_at,
        window_days = least(days_before, days_until_next) as is_full,
        run_as_of
    from sized

)

select * from final
