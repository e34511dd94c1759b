{{ config(indexes=[{'columns': ['handoff_id'], 'unique': true}]) }}

with touches as (

    select * from {{ ref('int_handoffs__touch_progress') }}
    where is_own

),

rejections as (

    select
        handoff_id,
        {{ to_second('rejection_earliest_at') }} as earliest_second,
        {{ to_second('rejection_latest_at') }} as latest_second
    from {{ ref('int_handoffs__rejections') }}

),

offers as (

    select handoff_id, offered_at from {{ ref('int_handoffs__offers') }}

),

final as (

    select
        offers.handoff_id,
        case
            when count(touches.touch_id) > 0
                then greatest(min(touches.occurred_at), offers.offered_at)
        end as first_touch_at,
        count(touches.touch_id) as touches,
        count(distinct touches.channel) as channels,
        case
            when rejections.handoff_id is not null
                then count(touches.touch_id) filter (
                        where touches.earliest_second <= rejections.latest_second
                    )
        end as touches_before_rejection,
        case
            when rejections.handoff_id is not null
                then count(distinct touches.channel) filter (
                        where touches.earliest_second <= rejections.latest_second
                    )
        end as channels_before_rejection,
        count(touches.touch_id) filter (
            where touches.is_sure and touches.latest_second <= rejections.earliest_second
        ) > 0 as has_touch_before_rejection
    from offers
    left join touches on offers.handoff_id = touches.handoff_id
    left join rejections on offers.handoff_id = rejections.handoff_id
    group by
        offers.handoff_id, offers.offered_at, rejections.handoff_id, rejections.earliest_second,
        rejections.latest_second

)

select * from final
