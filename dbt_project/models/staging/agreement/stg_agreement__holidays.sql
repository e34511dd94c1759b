select
    agreement_version,
    calendar,
    cast(holiday as date) as holiday,
    name
from {{ ref('agreement_holidays') }}
