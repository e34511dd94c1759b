select
    agreement_version,
    source_system,
    user_id,
    name,
    function as job_function,
    role,
    team,
    manager_id,
    {{ to_boolean('is_quota_bearing') }} as is_quota_bearing,
    calendar
from {{ ref('agreement_roster') }}
