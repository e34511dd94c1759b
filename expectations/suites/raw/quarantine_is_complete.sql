{% import "shared/night.sql" as shared %}
with
judged as (
    {{ shared.judged_loads() }}
),

quarantined as (
    select load_id, count(*) as rows
    from ops.quarantine
    group by load_id
)

select judged.load_id, judged.source, judged.object, judged.night
from judged
left join quarantined on quarantined.load_id = judged.load_id
where judged.status = 'loaded' and coalesce(quarantined.rows, 0) <> judged.rows_quarantined
