-- A clause that its version promises to other tiers only may have a row (not applicable) or none.
-- A handoff from before the first version has none.
with
promised as (
    select distinct
        agreement_version::text as agreement_version,
        clause,
        tier
    from agreement_sla_terms
),

expected as (
    select
        handoff.handoff_id,
        promised.clause,
        bool_or(promised.tier = handoff.tier) as must_be
    from fct_handoffs as handoff
    inner join promised on promised.agreement_version = handoff.agreement_version::text
    group by handoff.handoff_id, promised.clause
),

judged as (
    select handoff_id, clause, count(*) as rows
    from fct_sla_compliance
    where handoff_id is not null
    group by handoff_id, clause
)

select
    coalesce(expected.handoff_id, judged.handoff_id) as handoff_id,
    coalesce(expected.clause, judged.clause) as clause,
    coalesce(judged.rows, 0) as rows
from expected
full join judged on judged.handoff_id = expected.handoff_id and judged.clause = expected.clause
where expected.handoff_id is null
    or judged.rows > 1
    or (expected.must_be and judged.rows is null)
