{{ config(materialized='view') }}

with offers as (

    select handoff_id, lead_id, offered_at, judged_version from {{ ref('int_handoffs__offers') }}

),

responses as (

    select * from {{ ref('int_handoffs__responses') }}

),

progress as (

    select * from {{ ref('int_handoffs__progress') }}

),

moves as (

    select * from {{ ref('int_transitions__moves') }}

),

reason_fields as (

    select * from {{ ref('stg_agreement__fields') }}
    where role = 'reason'

),

-- "The rejection" is the rejection before acceptance, else the sending back after it.
exits as (

    select handoff_id, response_number as transition_number
    from responses
    where answer = 'rejected'

    union all

    select handoff_id, sent_back_number
    from progress
    where sent_back_number is not null

),

final as (

    select
        offers.handoff_id,
        offers.lead_id,
        offers.offered_at,
        offers.judged_version,
        moves.transition_number,
        moves.entered_at as rejection_at,
        moves.entered_second,
        moves.earliest_at as rejection_earliest_at,
        moves.latest_at as rejection_latest_at,
        moves.exited_at,
        moves.to_stage as rejection_stage,
        moves.actor_type,
        moves.source_system,
        moves.reason as event_reason,
        reason_fields.history_name
    from exits
    inner join offers on exits.handoff_id = offers.handoff_id
    inner join moves
        on
            offers.lead_id = moves.lead_id
            and exits.transition_number = moves.transition_number
    left join reason_fields
        on
            offers.judged_version = reason_fields.agreement_version
            and moves.source_system = reason_fields.source_system

)

select * from final
