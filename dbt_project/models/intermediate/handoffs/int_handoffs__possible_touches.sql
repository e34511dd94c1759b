{{ config(indexes=[{'columns': ['handoff_id', 'touch_id'], 'unique': true}]) }}

with affected as (

    select lead_id from {{ ref('int_identity__affected_leads') }}

),

offers as (

    select * from {{ ref('int_handoffs__offers') }}

),

touches as (

    select all_touches.*
    from {{ ref('int_handoffs__all_touches') }} as all_touches
    inner join affected on all_touches.lead_id = affected.lead_id
    where all_touches.user_id is not null

),

-- A touch and an offer that tell their times make one handoff the touch's; only days make more.
pairs as (

    select touches.touch_id, offers.handoff_id
    from touches
    inner join offers on touches.handoff_id = offers.handoff_id

    union

    select touches.touch_id, offers.handoff_id
    from touches
    inner join offers on touches.lead_id = offers.lead_id
    where not touches.has_time_of_day

    union

    select touches.touch_id, offers.handoff_id
    from offers
    inner join touches on offers.lead_id = touches.lead_id
    where
        offers.offered_earliest_at < offers.offered_latest_at
        or offers.next_offered_earliest_at < offers.next_offered_latest_at

),

placed as (

    -- Of a day without a time nobody knows whether it lay before an end of the handoff.
    select
        offers.handoff_id,
        touches.touch_id,
        touches.channel,
        touches.occurred_at,
        case
            when touches.has_time_of_day then touches.occurred_at
            else greatest(touches.earliest_at, offers.offered_earliest_at)
        end as earliest_at,
        touches.latest_at,
        coalesce(touches.handoff_id = offers.handoff_id, false) as is_own,
        {{ to_second('touches.earliest_at') }} >= {{ to_second('offers.offered_latest_at') }}
        and (
            offers.next_offered_at is null
            or touches.latest_at < {{ to_second('offers.next_offered_earliest_at') }}
        ) as is_sure
    from pairs
    inner join offers on pairs.handoff_id = offers.handoff_id
    inner join touches on pairs.touch_id = touches.touch_id
    where
        touches.latest_at >= {{ to_second('offers.offered_earliest_at') }}
        and (
            offers.next_offered_at is null
            or touches.earliest_at < {{ to_second('offers.next_offered_latest_at') }}
        )

),

final as (

    select
        placed.*,
        {{ to_second('earliest_at') }} as earliest_second,
        {{ to_second('latest_at') }} as latest_second
    from placed

)

select * from final
