{{ config(
    indexes=[
        {'columns': ['source_system', 'record_id'], 'unique': true},
        {'columns': ['lead_id']},
    ]
) }}

with affected_leads as (

    select lead_id from {{ ref('int_identity__affected_leads') }}

),

lead_ids as (

    select * from {{ ref('int_identity__all_lead_ids') }}

),

records as (

    select * from {{ ref('int_identity__all_records') }}

),

final as (

    select
        lead_ids.lead_id,
        lead_ids.source_system,
        lead_ids.record_id,
        lead_ids.is_survivor,
        records.created_at,
        records.is_creation_inferred,
        records.created_by_id,
        records.is_deleted,
        records.merged_into_id,
        records.contact_id,
        records.opportunity_id,
        records.owner_id,
        records.record
    from affected_leads
    inner join lead_ids on affected_leads.lead_id = lead_ids.lead_id
    inner join records
        on
            lead_ids.source_system = records.source_system
            and lead_ids.record_id = records.record_id

)

select * from final
