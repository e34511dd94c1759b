select
    agreement_version,
    cast(line as integer) as line_number,
    source_system,
    object as object_name,
    {{ landed_column('field') }} as landed_column,
    value,
    channel
from {{ ref('agreement_channel_map') }}
