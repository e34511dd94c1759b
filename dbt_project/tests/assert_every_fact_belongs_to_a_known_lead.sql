-- A merge retires a lead id: a row that still carries it was not forgotten, and counts for nobody.
with facts as (

    select 'fct_stage_events' as relation, lead_id from {{ ref('fct_stage_events') }}
    union
    select 'fct_stage_transitions', lead_id from {{ ref('fct_stage_transitions') }}
    union
    select 'fct_handoffs', lead_id from {{ ref('fct_handoffs') }}
    union
    select 'fct_handoff_legs', lead_id from {{ ref('fct_handoff_legs') }}
    union
    select 'fct_touches', lead_id from {{ ref('fct_touches') }}
    union
    select 'fct_sla_compliance', lead_id from {{ ref('fct_sla_compliance') }}
    where clause <> 'volume'
    union
    select 'fct_integrity_findings', lead_id from {{ ref('fct_integrity_findings') }}
    where lead_id is not null
    union
    select 'bridge_lead_ids', lead_id from {{ ref('bridge_lead_ids') }}

)

select
    facts.relation,
    facts.lead_id
from facts
left join {{ ref('dim_leads') }} as leads on facts.lead_id = leads.lead_id
where leads.lead_id is null
