-- A merge retires a lead id: a row that still carries it was not forgotten, and counts for nobody.
{% for relation, condition in [
    ('fct_stage_events', none), ('fct_stage_transitions', none), ('fct_handoffs', none),
    ('fct_handoff_legs', none), ('fct_touches', none),
    ('fct_sla_compliance', "facts.clause <> 'volume'"),
    ('fct_integrity_findings', 'facts.lead_id is not null'), ('bridge_lead_ids', none),
] %}
{{ 'union all' if not loop.first }}
select
    '{{ relation }}' as relation,
    facts.lead_id
from {{ ref(relation) }} as facts
left join {{ ref('dim_leads') }} as leads on facts.lead_id = leads.lead_id
where leads.lead_id is null{{ ' and ' ~ condition if condition }}
{% endfor %}
