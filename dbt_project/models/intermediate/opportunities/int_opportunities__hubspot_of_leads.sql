{{ config(materialized='view') }}

with records as (

    select lead_id, record_id, created_at from {{ ref('int_identity__affected_records') }}
    where source_system = 'hubspot'

),

-- A deal that any version gives to a contact of tonight; its newest tells whose it is.
deals_of_tonight as (

    select distinct associations.record_id as opportunity_id
    from records
    inner join {{ ref('int_identity__hubspot_associations') }} as associations
        on records.record_id = associations.contact_id and associations.object_name = 'deals'

),

versions as (

    select deals.* from deals_of_tonight
    inner join {{ ref('stg_hubspot__deals') }} as deals
        on deals_of_tonight.opportunity_id = deals.opportunity_id

),

ranked as (

    {{ rank_versions('versions', 'opportunity_id') }}

),

final as (

    select
        records.lead_id,
        records.record_id,
        ranked.opportunity_id,
        records.created_at as related_at
    from ranked
    cross join {{ each_member('ranked.contact_ids') }} as contact (id)
    inner join records on contact.id = records.record_id
    where ranked.version_rank = 1

)

select * from final
