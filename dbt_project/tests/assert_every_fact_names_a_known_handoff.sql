-- A clause, leg or touch of a handoff that is gone would be counted in totals and found in no
-- handoff.
{% for relation in [
    'fct_handoff_legs', 'fct_sla_compliance', 'fct_touches', 'fct_integrity_findings'
] %}
{{ 'union all' if not loop.first }}
select
    '{{ relation }}' as relation,
    facts.handoff_id
from {{ ref(relation) }} as facts
left join {{ ref('fct_handoffs') }} as handoffs on facts.handoff_id = handoffs.handoff_id
where facts.handoff_id is not null and handoffs.handoff_id is null
{% endfor %}
