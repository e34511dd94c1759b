select dim_leads.lead_id, 'no source record' as what
from dim_leads
left join bridge_lead_ids on bridge_lead_ids.lead_id = dim_leads.lead_id
where bridge_lead_ids.lead_id is null
union all
select lead_id, 'several survivors in ' || source_system
from bridge_lead_ids
where is_survivor
group by lead_id, source_system
having count(*) > 1
