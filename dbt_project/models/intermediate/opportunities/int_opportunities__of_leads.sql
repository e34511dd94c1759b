{{ config(indexes=[{'columns': ['lead_id']}, {'columns': ['source_system', 'opportunity_id']}]) }}

with records as (

    select lead_id, source_system, record_id, contact_id, opportunity_id
    from {{ ref('int_identity__affected_records') }}

),

contact_roles as (

    select
        contact_role_id,
        contact_id,
        opportunity_id,
        is_deleted,
        row_number() over (
            partition by contact_role_id order by version_stamp desc, version_night desc
        ) as version_rank
    from {{ ref('stg_salesforce__opportunity_contact_roles') }}

),

generic_opportunities as (

    select distinct on (opportunity_id) opportunity_id, lead_record_id
    from {{ ref('stg_generic__opportunities') }}
    order by opportunity_id, version_stamp desc, version_night desc

),

owned as (

    select records.lead_id, records.source_system, records.opportunity_id
    from records
    where records.source_system = 'salesforce' and records.opportunity_id is not null

    union

    select records.lead_id, records.source_system, contact_roles.opportunity_id
    from records
    inner join contact_roles on records.contact_id = contact_roles.contact_id
    where
        records.source_system = 'salesforce'
        and contact_roles.version_rank = 1
        and not contact_roles.is_deleted

    union

    select records.lead_id, records.source_system, generic_opportunities.opportunity_id
    from records
    inner join generic_opportunities
        on records.source_system = 'generic' and records.record_id = generic_opportunities.lead_record_id

),

final as (

    -- An opportunity belongs to one lead: two leads converted to one contact do not both win it.
    select
        min(lead_id) as lead_id,
        source_system,
        opportunity_id
    from owned
    group by source_system, opportunity_id

)

select * from final
