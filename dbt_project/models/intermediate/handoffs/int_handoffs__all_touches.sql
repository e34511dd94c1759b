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

-- The handoff that was open last at the touch, an offer in the same second included; of a day
-- without a time, at the end of the day.
owned as (

    {{ last_begun(
        'touches', ['touch_id'], 'latest_at', 'offers', 'offer_number',
        begins='offered_second'
    ) }}

),

final as (

    select
        touches.touch_id,
        touches.lead_id,
        offers.handoff_id,
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
    left join offers
        on touches.lead_id = offers.lead_id and owned.offer_number = offers.offer_number

)

select * from final
