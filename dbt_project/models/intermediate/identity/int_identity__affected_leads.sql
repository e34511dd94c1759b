{{ config(indexes=[{'columns': ['lead_id'], 'unique': true}]) }}

with scope as (

    select node, previous_lead_id from {{ ref('int_identity__scope') }}

),

lead_ids as (

    select source_system, record_id, lead_id from {{ ref('int_identity__all_lead_ids') }}

),

final as (

    -- A lead id that a merge retired is affected too: its rows have to go.
    select previous_lead_id as lead_id
    from scope
    where previous_lead_id is not null

    union

    select lead_ids.lead_id
    from lead_ids
    inner join scope on lead_ids.source_system || '|' || lead_ids.record_id = scope.node

)

select * from final
