{{ config(indexes=[{'columns': ['lead_id', 'source_system', 'history_name', 'from_at']}]) }}

with role_fields as (

    select * from {{ ref('int_fields__role_fields') }}

),

change_spans as (select * from {{ ref('int_fields__change_spans') }}),

records as (

    select lead_id, source_system, created_at from {{ ref('int_identity__affected_records') }}
    where is_survivor

),

from_versions as (

    select * from {{ ref('int_fields__version_spans') }}

),

from_changes as (

    -- A value that no change set was there from the record's creation.
    select
        change_spans.lead_id,
        change_spans.source_system,
        change_spans.history_name,
        change_spans.value,
        change_spans.from_at,
        change_spans.to_at,
        change_spans.position,
        coalesce(change_spans.set_at, records.created_at) as set_at
    from change_spans
    inner join records
        on
            change_spans.lead_id = records.lead_id
            and change_spans.source_system = records.source_system
    inner join role_fields
        on
            change_spans.source_system = role_fields.source_system
            and change_spans.history_name = role_fields.history_name

),

final as (

    select * from from_changes
    union all
    select * from from_versions

)

select * from final
