select
    cast(month || '-01' as date) as month,
    handoff_id,
    case_number,
    inclusion_weight
from {{ source('review', 'sample') }}
