{% import "shared/night.sql" as shared %}
with
judged as (
    {{ shared.judged_loads() }}
)

select load_id, source, object, night
from judged
where status = 'loaded'
    and (
        rows_read is null
        or rows_read is distinct from rows_new + rows_updated + rows_unchanged + rows_quarantined
        or least(rows_new, rows_updated, rows_unchanged, rows_quarantined) < 0
    )
