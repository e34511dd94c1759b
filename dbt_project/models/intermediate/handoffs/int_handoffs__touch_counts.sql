{{ config(indexes=[{'columns': ['handoff_id'], 'unique': true}]) }}

with touches as (

    select * from {{ ref('int_handoffs__touch_progress') }}

),

rejections as (

    select handoff_id, rejection_second from {{ ref('int_handoffs__rejections') }}

),

offers as (

    select handoff_id from {{ ref('int_handoffs__offers') }}

),

final as (

    select
        offers.handoff_id,
        min(touches.occurred_at) as first_touch_at,
        count(touches.touch_id) as touches,
        coalesce(max(touches.channels_so_far), 0) as channels,
        case
            when rejections.handoff_id is not null
                then count(touches.touch_id) filter (
                        where touches.occurred_second <= rejections.rejection_second
                    )
        end as touches_before_rejection,
        case
            when rejections.handoff_id is not null
                then count(distinct touches.channel) filter (
                        where touches.occurred_second <= rejections.rejection_second
                    )
        end as channels_before_rejection
    from offers
    left join touches on offers.handoff_id = touches.handoff_id
    left join rejections on offers.handoff_id = rejections.handoff_id
    group by offers.handoff_id, rejections.handoff_id, rejections.rejection_second

)

select * from final
