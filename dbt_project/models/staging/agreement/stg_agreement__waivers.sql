select
    finding_id,
    waived_by,
    cast(waived_on as date) as waived_on,
    reason as waiver_reason
from {{ ref('agreement_waivers') }}
