select
    finding_id,
    waived_by,
    waived_on::date as waived_on,
    reason as waiver_reason
from {{ ref('agreement_waivers') }}
