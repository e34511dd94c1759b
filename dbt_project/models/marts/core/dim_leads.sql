with leads as (

    select * from {{ ref('int_leads__all_leads') }}

),

run as (

    select as_of from {{ source('build', 'build_context') }}

),

final as (

    select
        leads.lead_id,
        leads.salesforce_lead_id,
        leads.marketo_lead_id,
        leads.hubspot_contact_id,
        leads.generic_lead_id,
        leads.company,
        leads.lead_source,
        leads.created_at,
        leads.current_stage,
        leads.current_owner_id,
        leads.journey_number,
        leads.is_deleted,
        leads.merged_count,
        run.as_of as run_as_of
    from leads
    cross join run

)

select * from final
