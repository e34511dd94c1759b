-- The key of volume rows: they belong to no handoff, so the key of the other clauses does not hold
-- them.
select
    agreement_version,
    period_start,
    due_at,
    segment,
    count(*) as row_count
from {{ ref('fct_sla_compliance') }}
where clause = 'volume'
group by agreement_version, period_start, due_at, segment
having count(*) > 1 or segment is null or period_start is null
