{% import "shared/night.sql" as shared %}
select count(*) as leads
from dim_leads
where not exists (select from fct_stage_events)
having count(*) >= {{ shared.limit("leads_without_events") }}
