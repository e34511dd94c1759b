-- A gap means that a stage was lost, and a number that stands twice that a lead was not forgotten
-- before it was built anew.
select
    lead_id,
    count(*) as transitions,
    min(transition_number) as first_number,
    max(transition_number) as last_number
from {{ ref('fct_stage_transitions') }}
group by lead_id
having
    min(transition_number) <> 1
    or max(transition_number) <> count(*)
    or count(distinct transition_number) <> count(*)
