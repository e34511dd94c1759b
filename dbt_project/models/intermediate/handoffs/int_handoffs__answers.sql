{{ config(indexes=[{'columns': ['handoff_id'], 'unique': true}]) }}

with moves as (

    select * from {{ ref('int_handoffs__moves') }}
    where to_stage in {{ accepting_stages() }} or to_stage in {{ declining_stages() }}

),

final as (

    select
        handoff_id,
        -- The first answer of any actor is the response; the clause asks for the first that no
        -- automation gave, an unknown actor counting as a person there.
        min(transition_number) as response_number,
        min(transition_number) filter (where actor_type <> 'automation')
            as unautomated_response_number
    from moves
    group by handoff_id

)

select * from final
