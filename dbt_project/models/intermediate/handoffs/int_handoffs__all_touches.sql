{{ config(
    materialized='incremental',
    incremental_strategy='append',
    indexes=[
        {'columns': ['touch_id'], 'unique': true},
        {'columns': ['lead_id']},
        {'columns': ['handoff_id']},
    ],
    pre_hook="{{ forget_affected_leads() }}"
) }}

with affected as (

    select lead_id from {{ ref('int_identity__affected_leads') }}

),

offers as (

    select handoff_id, lead_id, offered_second, offer_number from {{ ref('int_handoffs__offers') }}

),

touches as (

    select all_touches.*
    from {{ ref('int_touches__all_touches') }} as all_touches
    inner join affected on all_touches.lead_id = affected.lead_id

),

offered_before as (

    select
        touches.touch_id,
        offers.handoff_id,
        offers.offer_number
    from touches
    inner join offers
        on touches.lead_id = offers.lead_id and touches.occurred_second >= offers.offered_second

),

-- The handoff that was open last at the touch, an offer in the same second included.
owned as (

    {{ first_per('offered_before', ['touch_id'], ['offer_number desc']) }}

),

final as (

    select
        touches.touch_id,
        touches.lead_id,
        owned.handoff_id,
        touches.source_system,
        touches.user_id,
        touches.channel,
        touches.occurred_at,
        touches.occurred_second,
        touches.has_time_of_day,
        touches.earliest_at,
        touches.latest_at,
        touches.recorded_at,
        touches.is_late_logged
    from touches
    left join owned on touches.touch_id = owned.touch_id

)

select * from final
