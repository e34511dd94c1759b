select
    agreement_version,
    attribute,
    cast(source_order as integer) as source_order,
    source_system,
    object as object_name,
    field as field_name,
    coalesce(history_name, field) as history_name,
    {{ landed_column('field') }} as landed_column,
    met_values
from {{ ref('agreement_attributes') }}
