select
    agreement_version,
    source_system,
    object as object_name,
    field as field_name,
    coalesce(history_name, field) as history_name,
    value,
    stage,
    {{ to_boolean('is_authority') }} as is_authority
from {{ ref('agreement_stage_map') }}
