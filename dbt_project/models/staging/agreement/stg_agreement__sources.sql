select
    source_system,
    role,
    coalesce(time_zone, 'UTC') as time_zone,
    {{ to_boolean('is_required') }} as is_required
from {{ ref('agreement_sources') }}
