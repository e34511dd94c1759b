{% import "shared/night.sql" as shared %}
{% for mart in marts %}
select {{ mart.name }} as mart, run_as_of::text as run_as_of, count(*) as rows
from {{ mart.relation }}
where run_as_of is distinct from {{ shared.as_of() }}
group by run_as_of
union all
{% endfor %}
-- The marts that must be there must also say of which night they are.
select required.mart, 'without a column run_as_of', null
from unnest(array[
    'dim_leads', 'bridge_lead_ids', 'dim_users', 'fct_stage_events', 'fct_stage_transitions',
    'fct_handoffs', 'fct_sla_compliance', 'fct_touches', 'fct_integrity_findings'
]) as required (mart)
where not exists (
    select
    from pg_attribute as attribute
    where attribute.attrelid = to_regclass(quote_ident(required.mart))
        and attribute.attname = 'run_as_of'
)
