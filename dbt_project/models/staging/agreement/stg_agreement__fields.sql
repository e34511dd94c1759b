select
    agreement_version,
    source_system,
    object as object_name,
    role,
    field as field_name,
    coalesce(history_name, field) as history_name,
    {{ landed_column('field') }} as landed_column
from {{ ref('agreement_fields') }}
