{{ config(materialized='view') }}

with records as (

    select * from {{ ref('int_identity__affected_records') }}
    where is_survivor

),

sources as (

    select source_system, role from {{ ref('stg_agreement__sources') }}

),

fields as (

    select distinct source_system, role, landed_column from {{ ref('stg_agreement__fields') }}
    where role in ('company', 'lead_source')

),

descriptions as (

    select
        records.lead_id,
        fields.role,
        fields.landed_column,
        records.source_system,
        case sources.role when 'sfa' then 0 when 'both' then 1 else 2 end as source_order,
        {{ json_text('records.record', 'fields.landed_column') }} as value
    from records
    inner join fields on records.source_system = fields.source_system
    inner join sources on records.source_system = sources.source_system
    where {{ json_text('records.record', 'fields.landed_column') }} is not null

),

-- The SFA system describes the lead; marketing's copy serves where it says nothing.
first_described as (

    {{ first_per(
        'descriptions', ['lead_id', 'role'],
        ['source_order', bytewise('source_system'), bytewise('landed_column')]
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
