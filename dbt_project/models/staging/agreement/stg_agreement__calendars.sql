select
    agreement_version,
    calendar,
    time_zone,
    weekday::integer as weekday,
    opens,
    closes
from {{ ref('agreement_calendars') }}
