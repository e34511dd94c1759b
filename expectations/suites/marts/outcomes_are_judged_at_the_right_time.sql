{% import "shared/night.sql" as shared %}
select handoff_id, outcome, response_due_at
from fct_handoffs
where (outcome = 'ignored' and response_due_at >= {{ shared.as_of() }})
    or (outcome = 'pending' and response_due_at < {{ shared.as_of() }})
