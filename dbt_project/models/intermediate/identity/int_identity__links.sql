{{ config(materialized='view') }}

with records as (

    select
        source_system, record_id, contact_id, merged_into_id,
        linked_system, linked_lead_id, linked_contact_id
    from {{ ref('int_identity__all_records') }}

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

    -- A converted lead is known to the other system by its contact.
    select records.source_system, records.record_id, converted.source_system, converted.record_id
    from records
    inner join records as converted
        on
            records.linked_system = converted.source_system
            and records.linked_contact_id = converted.contact_id

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
