select
    cast(month || '-01' as date) as month,
    handoff_id,
    exit_kind,
    decided_at,
    team,
    tier
from {{ source('review', 'population') }}
