{% import "shared/night.sql" as shared %}
with
judged as (
    {{ shared.judged_loads() }}
),

objects as (
    select
        source,
        object,
        night,
        sum(rows_read) as rows_read,
        sum(rows_quarantined) as rows_quarantined
    from judged
    where status = 'loaded'
    group by source, object, night
)

select source, object, night, rows_read, rows_quarantined
from objects
where rows_quarantined >= {{ shared.limit("quarantine_floor", "objects.source") }}
    and rows_quarantined > rows_read * {{ shared.limit("quarantine_share", "objects.source") }}
