{{ config(indexes=[{'columns': ['handoff_id'], 'unique': true}]) }}

with offers as (

    select * from {{ ref('int_handoffs__offers') }}

),

answers as (

    select * from {{ ref('int_handoffs__answers') }}

),

moves as (

    select * from {{ ref('int_handoffs__moves') }}

),

clocks as (

    select handoff_id, response_due_at from {{ ref('int_handoffs__response_clocks') }}

),

answered as (

    select
        offers.handoff_id,
        offers.lead_id,
        response.transition_number as response_number,
        response.to_stage as response_stage,
        response.entered_at as answered_at,
        response.actor_id,
        response.actor_type,
        response.source_system,
        response.has_time_of_day,
        response.earliest_at as answered_earliest_at,
        response.latest_at as answered_latest_at,
        unautomated.entered_at as unautomated_response_at,
        unautomated.earliest_at as unautomated_earliest_at,
        unautomated.latest_at as unautomated_latest_at,
        clocks.response_due_at,
        -- A machine that sends the lead back after the clock ran out lets it expire: no response.
        coalesce(
            response.to_stage in {{ declining_stages() }}
            and response.actor_type = 'automation'
            and response.earliest_at > clocks.response_due_at,
            false
        ) as is_expiry
    from offers
    left join clocks on offers.handoff_id = clocks.handoff_id
    left join answers on offers.handoff_id = answers.handoff_id
    left join moves as response
        on
            answers.handoff_id = response.handoff_id
            and answers.response_number = response.transition_number
    left join moves as unautomated
        on
            answers.handoff_id = unautomated.handoff_id
            and answers.unautomated_response_number = unautomated.transition_number

),

final as (

    select
        handoff_id,
        lead_id,
        response_due_at,
        answered_at,
        is_expiry,
        unautomated_response_at,
        unautomated_earliest_at,
        unautomated_latest_at,
        has_time_of_day,
        answered_earliest_at,
        answered_latest_at,
        case when not is_expiry then answered_at end as responded_at,
        case when not is_expiry then response_number end as response_number,
        case
            when is_expiry or response_stage is null then null
            when response_stage in {{ accepting_stages() }} then 'accepted'
            else 'rejected'
        end as answer,
        response_stage,
        actor_id,
        actor_type,
        source_system
    from answered

)

select * from final
