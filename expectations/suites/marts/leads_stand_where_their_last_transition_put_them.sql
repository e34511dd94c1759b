with
last_transitions as (
    select distinct on (lead_id) lead_id, to_stage, journey_number
    from fct_stage_transitions
    order by lead_id asc, transition_number desc
)

select dim_leads.lead_id, dim_leads.current_stage, last_transitions.to_stage as last_stage
from dim_leads
left join last_transitions on last_transitions.lead_id = dim_leads.lead_id
where dim_leads.current_stage is distinct from last_transitions.to_stage
    or (
        last_transitions.lead_id is not null
        and dim_leads.journey_number is distinct from last_transitions.journey_number
    )
