{% import "shared/night.sql" as shared %}
-- Compared with the days of the same kind before, as the rows themselves are dated, so that the
-- second night is already judged; and with earlier deliveries, for objects without dates of their own.
with
days as (
    {{ shared.days() }}
),

delivered as (
    {{ shared.delivered() }}
),

empty as (
    select tonight.*
    from ({{ shared.delivered_tonight() }}) as tonight
    where tonight.rows = 0
),

compared_days as (
    select
        empty.source,
        empty.object,
        empty.night,
        empty.table_name,
        days.day,
        row_number() over (
            partition by empty.source, empty.object, empty.night order by days.day desc
        ) as days_back
    from empty
    inner join days on days.day < empty.night - 1 and days.is_quiet = empty.is_quiet
),

dated_rows as (
    {% for table in raw_tables %}
    select
        compared_days.source,
        compared_days.object,
        compared_days.night,
        compared_days.day,
        (
            select count(*)
            from {{ table.relation }} as version
            where version._stamp >= compared_days.day::timestamp at time zone 'UTC'
                and version._stamp < (compared_days.day + 1)::timestamp at time zone 'UTC'
                and not version._stamp_from_folder
                and version._first_night < compared_days.night
        ) as rows
    from compared_days
    where compared_days.source = {{ table.source }}
        and compared_days.table_name = {{ table.name }}
        and compared_days.days_back <= {{ shared.limit("compared_nights", "compared_days.source") }}
    {{ "union all" if not loop.last }}
    {% endfor %}
),

by_dates as (
    select source, object, night
    from dated_rows
    group by source, object, night
    having min(rows) >= {{ shared.limit("empty_floor", "dated_rows.source") }}
),

by_deliveries as (
    select empty.source, empty.object, empty.night
    from empty
    inner join delivered as earlier
        on earlier.source = empty.source
        and earlier.object = empty.object
        and earlier.night < empty.night
        and earlier.is_quiet = empty.is_quiet
    group by empty.source, empty.object, empty.night
    having count(*) >= {{ shared.limit("compared_nights", "empty.source") }}
        and min(earlier.rows) >= {{ shared.limit("empty_floor", "empty.source") }}
)

select source, object, night
from by_dates
union
select source, object, night
from by_deliveries
