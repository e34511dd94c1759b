-- A gap means that a handoff was lost between two nights, and a number that stands twice that one
-- was built twice.
select
    lead_id,
    journey_number,
    count(*) as handoffs,
    min(handoff_number) as first_number,
    max(handoff_number) as last_number
from {{ ref('fct_handoffs') }}
group by lead_id, journey_number
having
    min(handoff_number) <> 1
    or max(handoff_number) <> count(*)
    or count(distinct handoff_number) <> count(*)
