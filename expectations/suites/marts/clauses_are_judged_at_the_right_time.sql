{% import "shared/night.sql" as shared %}
select handoff_id, clause, status, due_at
from fct_sla_compliance
where status not in ('met', 'breached', 'pending', 'not_applicable')
    or (status = 'breached' and due_at >= {{ shared.as_of() }})
    or (status = 'pending' and due_at < {{ shared.as_of() }})
    or (status = 'met' and met_at > due_at)
