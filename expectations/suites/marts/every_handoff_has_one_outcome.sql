-- An expiry before acceptance is no response: such a handoff is ignored, without a rejection.
select handoff_id, outcome
from fct_handoffs
where outcome is null
    or outcome not in ('accepted', 'rejected', 'ignored', 'pending', 'withdrawn')
    or (outcome = 'accepted') <> (accepted_at is not null)
    or (outcome = 'rejected') <> (rejected_at is not null)
    or (outcome in ('accepted', 'rejected')) <> (responded_at is not null)
    or (
        outcome = 'accepted'
        and coalesce(accepted_by_type, '') not in ('human', 'automation', 'unknown')
    )
    or (
        outcome = 'rejected'
        and coalesce(rejected_by_type, '') not in ('human', 'automation', 'unknown')
    )
    or responded_at < offered_at
