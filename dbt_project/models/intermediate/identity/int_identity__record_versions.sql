{{ config(materialized='view') }}

with changed as (

    select source_system, record_id from {{ ref('int_identity__changed_rows') }}
    where kind = 'lead_or_contact'

),

told_merges as (

    select
        'marketo' as source_system, loser_id, survivor_id,
        occurred_at as merged_at, activity_id as merge_id
    from {{ ref('int_identity__marketo_merges') }}

    union all

    select 'hubspot', loser_id, survivor_id, version_stamp, survivor_id
    from {{ ref('int_identity__hubspot_merges') }}

),

last_merges as (

    {{ first_per(
        'told_merges', ['source_system', 'loser_id'], ['merged_at desc', bytewise('merge_id') ~ ' desc']
    ) }}

),

marketo_deletions as (

    select distinct lead_record_id from {{ ref('stg_marketo__activities') }}
    where activity_type_id = 37

),

final as (

    select
        'salesforce' as source_system,
        leads.lead_record_id as record_id,
        leads.created_at,
        leads.created_by_id,
        leads.is_deleted,
        leads.merged_into_id,
        leads.contact_id,
        leads.opportunity_id,
        cast(null as {{ type_text() }}) as linked_system,
        cast(null as {{ type_text() }}) as linked_lead_id,
        cast(null as {{ type_text() }}) as linked_contact_id,
        leads.owner_id,
        leads.version_stamp,
        leads.version_night,
        leads.record
    from {{ ref('stg_salesforce__leads') }} as leads
    inner join
        changed
        on changed.source_system = 'salesforce' and leads.lead_record_id = changed.record_id

    union all

    select
        'marketo', leads.lead_record_id, leads.created_at, null,
        marketo_deletions.lead_record_id is not null, last_merges.survivor_id, null, null,
        'salesforce', leads.salesforce_lead_id, leads.salesforce_contact_id, null,
        leads.version_stamp, leads.version_night, leads.record
    from {{ ref('stg_marketo__leads') }} as leads
    inner join
        changed
        on changed.source_system = 'marketo' and leads.lead_record_id = changed.record_id
    left join last_merges
        on last_merges.source_system = 'marketo' and leads.lead_record_id = last_merges.loser_id
    left join marketo_deletions on leads.lead_record_id = marketo_deletions.lead_record_id

    union all

    select
        'hubspot', contacts.lead_record_id, contacts.created_at, null, contacts.is_deleted,
        last_merges.survivor_id, null, null,
        'salesforce', contacts.salesforce_lead_id, contacts.salesforce_contact_id,
        contacts.owner_id, contacts.version_stamp, contacts.version_night, contacts.record
    from {{ ref('stg_hubspot__contacts') }} as contacts
    inner join
        changed
        on changed.source_system = 'hubspot' and contacts.lead_record_id = changed.record_id
    left join last_merges
        on
            last_merges.source_system = 'hubspot'
            and contacts.lead_record_id = last_merges.loser_id

    union all

    select
        'generic', leads.lead_record_id, leads.created_at, null, leads.is_deleted,
        leads.merged_into_id, null, null, lower(leads.other_system),
        case
            when
                lower(leads.other_system) = 'salesforce'
                then {{ salesforce_id('leads.other_system_id') }}
            else leads.other_system_id
        end,
        null, leads.owner_id, leads.version_stamp, leads.version_night, leads.record
    from {{ ref('stg_generic__leads') }} as leads
    inner join
        changed
        on changed.source_system = 'generic' and leads.lead_record_id = changed.record_id

)

select * from final
