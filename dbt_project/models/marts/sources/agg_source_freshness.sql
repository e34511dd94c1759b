select
    source_system,
    object_name,
    is_required,
    newest_change_at,
    days_old,
    days_with_changes,
    longest_pause_days,
    stale_after_days,
    is_stale,
    run_as_of
from {{ ref('int_sources__freshness') }}
