{{ config(materialized='view') }}

with records as (

    select * from {{ ref('int_identity__affected_records') }}
    where is_survivor

),

sources as (

    select source_system, role from {{ ref('stg_agreement__sources') }}

),

fields as (

    select
        fields.source_system,
        fields.role,
        fields.landed_column,
        max(versions.in_force_from) as named_from
    from {{ ref('stg_agreement__fields') }} as fields
    inner join {{ ref('int_agreement__versions') }} as versions
        on fields.agreement_version = versions.agreement_version
    where fields.role in ('company', 'lead_source')
    group by fields.source_system, fields.role, fields.landed_column

),

descriptions as (

    select
        records.lead_id,
        fields.role,
        fields.landed_column,
        fields.named_from,
        records.source_system,
        case sources.role when 'sfa' then 0 when 'both' then 1 else 2 end as source_order,
        {{ json_text('records.record', 'fields.landed_column') }} as value
    from records
    inner join fields on records.source_system = fields.source_system
    inner join sources on records.source_system = sources.source_system
    where {{ json_text('records.record', 'fields.landed_column') }} is not null

),

-- The SFA system describes the lead; marketing's copy serves where it says nothing. Of a system's
-- fields the one that the newest agreement names comes first.
first_described as (

    {{ first_per(
        'descriptions', ['lead_id', 'role'],
        ['source_order', bytewise('source_system'), 'named_from desc', bytewise('landed_column')]
    ) }}

),

final as (

    select
        lead_id,
        role,
        value
    from first_described

)

select * from final
