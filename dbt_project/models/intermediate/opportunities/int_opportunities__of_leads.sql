{{ config(indexes=[{'columns': ['lead_id']}, {'columns': ['source_system', 'opportunity_id']}]) }}

with records as (

    select lead_id, source_system, record_id, contact_id, opportunity_id
    from {{ ref('int_identity__affected_records') }}

),

-- Whoever moved to or from a lead of tonight has a version that names it; its other versions tell
-- whether it still does.
roles_of_tonight as (

    select distinct roles.contact_role_id from records
    inner join {{ ref('stg_salesforce__opportunity_contact_roles') }} as roles
        on records.contact_id = roles.contact_id
    where records.source_system = 'salesforce'

),

contact_role_versions as (

    select roles.* from roles_of_tonight
    inner join {{ ref('stg_salesforce__opportunity_contact_roles') }} as roles
        on roles_of_tonight.contact_role_id = roles.contact_role_id

),

contact_roles as (

    {{ rank_versions('contact_role_versions', 'contact_role_id') }}

),

owned as (

    select
        records.lead_id, records.source_system, records.opportunity_id, records.record_id,
        0 as relation_order,
        cast(null as {{ type_instant() }}) as related_at,
        cast(null as {{ type_text() }}) as contact_role_id
    from records
    where records.source_system = 'salesforce' and records.opportunity_id is not null

    union all

    select
        records.lead_id, records.source_system, contact_roles.opportunity_id, records.record_id,
        case when contact_roles.is_primary then 1 else 2 end, contact_roles.created_at,
        contact_roles.contact_role_id
    from records
    inner join contact_roles on records.contact_id = contact_roles.contact_id
    where
        records.source_system = 'salesforce'
        and contact_roles.version_rank = 1
        and not contact_roles.is_deleted

    union all

    select
        lead_id, 'generic', opportunity_id, record_id, 0,
        cast(null as {{ type_instant() }}), cast(null as {{ type_text() }})
    from {{ ref('int_opportunities__generic_of_leads') }}

    union all

    select
        lead_id, 'hubspot', opportunity_id, record_id, 0, related_at,
        cast(null as {{ type_text() }})
    from {{ ref('int_opportunities__hubspot_of_leads') }}

),

-- An opportunity belongs to one lead: the one that was converted into it, else that of its primary
-- contact, else of the contact it was related to first. HubSpot does not tell when a contact was
-- related to a deal: there it is the contact that was created first.
first_owned as (

    {{ first_per(
        'owned', ['source_system', 'opportunity_id'],
        ['relation_order', 'related_at', bytewise('contact_role_id'), bytewise('record_id')]
    ) }}

),

final as (

    select
        lead_id,
        source_system,
        opportunity_id
    from first_owned

)

select * from final
