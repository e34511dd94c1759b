select
    agreement_version,
    calendar,
    holiday::date as holiday,
    name
from {{ ref('agreement_holidays') }}
