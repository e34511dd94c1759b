select
    source as source_system,
    object as object_name,
    night,
    what,
    first_day,
    last_day,
    kept_days,
    is_whole
from {{ source('ops', 'purged_days') }}
where night <= (select night from {{ source('build', 'build_context') }})
