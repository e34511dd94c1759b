{{ config(materialized='view') }}

with leads as (

    select distinct lead_record_id, contact_id, opportunity_id
    from {{ ref('stg_salesforce__leads') }}
    where contact_id is not null or opportunity_id is not null

),

contact_roles as (

    select distinct contact_id, opportunity_id
    from {{ ref('stg_salesforce__opportunity_contact_roles') }}
    where contact_id is not null

),

final as (

    -- What two leads may both lay claim to, and one of them gets: a contact's activities, an
    -- opportunity. Whoever claims the same has to be looked at together.
    select 'salesforce|' || lead_record_id as node, 'contact|' || contact_id as claim
    from leads
    where contact_id is not null

    union

    select 'salesforce|' || lead_record_id, 'opportunity|' || opportunity_id
    from leads
    where opportunity_id is not null

    union

    select 'salesforce|' || leads.lead_record_id, 'opportunity|' || contact_roles.opportunity_id
    from leads
    inner join contact_roles on leads.contact_id = contact_roles.contact_id

    union

    select 'hubspot|' || contact_id, 'deal|' || record_id
    from {{ ref('int_identity__hubspot_associations') }}
    where object_name = 'deals'

)

select * from final
