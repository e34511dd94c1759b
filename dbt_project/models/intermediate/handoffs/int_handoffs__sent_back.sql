{{ config(materialized='view') }}

with responses as (

    select * from {{ ref('int_handoffs__responses') }}

),

moves as (

    select * from {{ ref('int_handoffs__moves') }}

),

moves_back as (

    select
        moves.handoff_id,
        moves.transition_number,
        moves.entered_at as sent_back_at,
        moves.earliest_at as sent_back_earliest_at,
        moves.latest_at as sent_back_latest_at,
        moves.actor_id,
        moves.actor_type,
        moves.source_system
    from moves
    inner join responses
        on
            moves.handoff_id = responses.handoff_id
            and responses.answer = 'accepted'
            and moves.transition_number > responses.response_number
    where moves.to_stage in ('rejected', 'recycled', 'disqualified')

),

final as (

    {{ first_per('moves_back', ['handoff_id'], ['transition_number']) }}

)

select * from final
