-- Every rate is a share of handoffs: one without an outcome, or with two, is counted wrongly in all
-- of them. The outcome has to agree with what the row says happened.
select
    handoff_id,
    outcome,
    accepted_at,
    rejected_at
from {{ ref('fct_handoffs') }}
where
    outcome is null
    or (outcome = 'accepted') <> (accepted_at is not null)
    or (outcome = 'rejected') <> (rejected_at is not null)
    or (accepted_at is not null and rejected_at is not null)
    or (outcome in ('pending', 'ignored', 'withdrawn') and responded_at is not null)
