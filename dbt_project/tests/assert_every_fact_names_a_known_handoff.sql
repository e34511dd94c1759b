-- A clause, leg or touch of a handoff that is gone would be counted in totals and found in no
-- handoff.
with facts as (

    select 'fct_handoff_legs' as relation, handoff_id from {{ ref('fct_handoff_legs') }}
    union
    select 'fct_sla_compliance', handoff_id from {{ ref('fct_sla_compliance') }}
    union
    select 'fct_touches', handoff_id from {{ ref('fct_touches') }}
    union
    select 'fct_integrity_findings', handoff_id from {{ ref('fct_integrity_findings') }}

)

select
    facts.relation,
    facts.handoff_id
from facts
left join {{ ref('fct_handoffs') }} as handoffs on facts.handoff_id = handoffs.handoff_id
where facts.handoff_id is not null and handoffs.handoff_id is null
