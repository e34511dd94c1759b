-- A missing row would make a promise look kept because nobody asks for it; a second one would break
-- it twice. A handoff from before the first version promises nothing.
with promised as (

    select
        handoffs.handoff_id,
        terms.clause
    from {{ ref('fct_handoffs') }} as handoffs
    inner join {{ ref('dim_sla_terms') }} as terms
        on
            handoffs.agreement_version = terms.agreement_version
            and handoffs.tier = terms.tier

),

judged as (

    select
        handoff_id,
        clause,
        count(*) as row_count
    from {{ ref('fct_sla_compliance') }}
    where clause <> 'volume'
    group by handoff_id, clause

)

select
    coalesce(promised.handoff_id, judged.handoff_id) as handoff_id,
    coalesce(promised.clause, judged.clause) as clause,
    judged.row_count
from promised
full outer join judged
    on
        promised.handoff_id = judged.handoff_id
        and promised.clause = judged.clause
where promised.handoff_id is null or judged.row_count is distinct from 1
