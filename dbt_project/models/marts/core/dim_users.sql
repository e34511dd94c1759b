select
    users.user_id,
    users.source_system,
    users.name,
    users.role,
    users.team,
    users.manager_id,
    users.is_active,
    users.is_quota_bearing,
    users.actor_type,
    users.calendar,
    run.as_of as run_as_of
from {{ ref('int_leads__users') }} as users
cross join {{ source('build', 'build_context') }} as run
