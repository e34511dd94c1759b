{{ config(materialized='view') }}

with changed as (

    select source_system, record_id from {{ ref('int_identity__changed_rows') }}
    where kind = 'lead_or_contact'

),

marketo_merges as (

    select
        loser_id,
        survivor_id,
        row_number() over (
            partition by loser_id order by occurred_at desc, activity_id desc
        ) as merge_rank
    from {{ ref('int_identity__marketo_merges') }}

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
        'marketo' as source_system,
        leads.lead_record_id as record_id,
        leads.created_at,
        cast(null as {{ type_text() }}) as created_by_id,
        marketo_deletions.lead_record_id is not null as is_deleted,
        marketo_merges.survivor_id as merged_into_id,
        cast(null as {{ type_text() }}) as contact_id,
        cast(null as {{ type_text() }}) as opportunity_id,
        'salesforce' as linked_system,
        leads.salesforce_lead_id as linked_lead_id,
        leads.salesforce_contact_id as linked_contact_id,
        cast(null as {{ type_text() }}) as owner_id,
        leads.version_stamp,
        leads.version_night,
        leads.record
    from {{ ref('stg_marketo__leads') }} as leads
    inner join
        changed
        on changed.source_system = 'marketo' and leads.lead_record_id = changed.record_id
    left join marketo_merges
        on leads.lead_record_id = marketo_merges.loser_id and marketo_merges.merge_rank = 1
    left join marketo_deletions on leads.lead_record_id = marketo_deletions.lead_record_id

    union all

    select
        'generic' as source_system,
        leads.lead_record_id as record_id,
        leads.created_at,
        cast(null as {{ type_text() }}) as created_by_id,
        leads.is_deleted,
        leads.merged_into_id,
        cast(null as {{ type_text() }}) as contact_id,
        cast(null as {{ type_text() }}) as opportunity_id,
        lower(leads.other_system) as linked_system,
        case
            when
                lower(leads.other_system) = 'salesforce'
                then {{ salesforce_id('leads.other_system_id') }}
            else leads.other_system_id
        end as linked_lead_id,
        cast(null as {{ type_text() }}) as linked_contact_id,
        leads.owner_id,
        leads.version_stamp,
        leads.version_night,
        leads.record
    from {{ ref('stg_generic__leads') }} as leads
    inner join
        changed
        on changed.source_system = 'generic' and leads.lead_record_id = changed.record_id

)

select * from final
