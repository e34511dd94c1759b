select
    agreement_version,
    calendar,
    time_zone,
    cast(weekday as integer) as weekday,
    opens,
    closes
from {{ ref('agreement_calendars') }}
