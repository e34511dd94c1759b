select
    agreement_version,
    cast(tier_order as integer) as tier_order,
    tier,
    cast(minimum_score as numeric) as minimum_score,
    cast(minimum_attributes as integer) as minimum_attributes
from {{ ref('agreement_tiers') }}
