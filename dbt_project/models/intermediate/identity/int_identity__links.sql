{{ config(materialized='view') }}

with records as (

    select
        source_system, record_id, contact_id, merged_into_id,
        linked_system, linked_lead_id, linked_contact_id
    from {{ ref('int_identity__all_records') }}

),

-- Contacts that some record names and some lead was converted to; others link nobody.
shared_contacts as (

    select linked_system, linked_contact_id from records
    where linked_system is not null and linked_contact_id is not null

    intersect

    select source_system, contact_id from records

),

links as (

    select
        source_system,
        record_id,
        source_system as other_system,
        merged_into_id as other_id
    from records
    where merged_into_id is not null

    union all

    select source_system, record_id, linked_system, linked_lead_id
    from records
    where linked_system is not null and linked_lead_id is not null

    union all

    -- A converted lead is known to the other system by its contact. Both are linked with the
    -- contact, which is no record: of many leads and many namesakes no pairs are made.
    select
        records.source_system, records.record_id,
        '|contact', shared_contacts.linked_system || '|' || shared_contacts.linked_contact_id
    from records
    inner join shared_contacts
        on
            records.linked_system = shared_contacts.linked_system
            and records.linked_contact_id = shared_contacts.linked_contact_id

    union all

    select
        records.source_system, records.record_id,
        '|contact', shared_contacts.linked_system || '|' || shared_contacts.linked_contact_id
    from records
    inner join shared_contacts
        on
            records.source_system = shared_contacts.linked_system
            and records.contact_id = shared_contacts.linked_contact_id

    union all

    -- A chain of merges names every loser, also one whose later survivor is a loser itself.
    select 'marketo', loser_id, 'marketo', survivor_id
    from {{ ref('int_identity__marketo_merges') }}

    union all

    select 'hubspot', loser_id, 'hubspot', survivor_id
    from {{ ref('int_identity__hubspot_merges') }}

),

final as (

    select
        source_system || '|' || record_id as node,
        other_system || '|' || other_id as other_node
    from links

    union

    select
        other_system || '|' || other_id as node,
        source_system || '|' || record_id as other_node
    from links

)

select * from final
