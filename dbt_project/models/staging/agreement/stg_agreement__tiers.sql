select
    agreement_version,
    tier_order::integer as tier_order,
    tier,
    minimum_score::numeric as minimum_score,
    minimum_attributes::integer as minimum_attributes
from {{ ref('agreement_tiers') }}
