{% import "shared/night.sql" as shared %}
-- Only nights of the same kind are compared, the nearest ones, and never with a later one; fewer show
-- no rhythm, as a backfill of uneven nights does not.
with
delivered as (
    {{ shared.delivered() }}
),

tonight as (
    {{ shared.delivered_tonight() }}
),

compared as (
    select
        tonight.source,
        tonight.object,
        tonight.night,
        tonight.rows,
        earlier.rows as rows_before,
        row_number() over (
            partition by tonight.source, tonight.object, tonight.night
            order by earlier.night desc
        ) as nights_back
    from tonight
    inner join delivered as earlier
        on earlier.source = tonight.source
        and earlier.object = tonight.object
        and earlier.night < tonight.night
        and earlier.is_quiet = tonight.is_quiet
),

weakest as (
    select source, object, night, rows, min(rows_before) as weakest_before
    from compared
    where nights_back <= {{ shared.limit("compared_nights", "compared.source") }}
    group by source, object, night, rows
    having count(*) >= {{ shared.limit("compared_nights", "compared.source") }}
)

select source, object, night, rows, weakest_before
from weakest
where weakest_before >= {{ shared.limit("collapse_floor", "weakest.source") }}
    and rows < weakest_before * {{ shared.limit("collapse_share", "weakest.source") }}
    and rows < weakest_before
        - {{ shared.limit("collapse_deviations", "weakest.source") }} * sqrt(weakest_before)
