select
    agreement_version,
    rule,
    severity,
    {{ to_boolean('is_enabled') }} as is_enabled
from {{ ref('agreement_rules') }}
