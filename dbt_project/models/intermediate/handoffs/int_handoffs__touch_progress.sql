{{ config(indexes=[{'columns': ['handoff_id', 'touch_number']}]) }}

with touches as (

    select * from {{ ref('int_handoffs__possible_touches') }}

),

numbered as (

    -- Twice: as early as they may have been, and those that surely were by when.
    select
        handoff_id,
        touch_id,
        channel,
        occurred_at,
        earliest_at,
        earliest_second,
        latest_at,
        latest_second,
        is_own,
        is_sure,
        row_number() over (partition by handoff_id order by earliest_at, touch_id) as touch_number,
        row_number() over (
            partition by handoff_id, channel order by earliest_at, touch_id
        ) = 1 as is_new_channel,
        case
            when is_sure
                then row_number() over (
                        partition by handoff_id, is_sure order by latest_at, touch_id
                    )
        end as sure_number,
        is_sure
        and row_number() over (
            partition by handoff_id, is_sure, channel order by latest_at, touch_id
        ) = 1 as is_new_sure_channel
    from touches

),

final as (

    select
        numbered.*,
        count(*) filter (where is_new_channel) over (
            partition by handoff_id order by touch_number
        ) as channels_so_far,
        count(*) filter (where is_new_sure_channel) over (
            partition by handoff_id, is_sure order by sure_number
        ) as sure_channels_so_far
    from numbered

)

select * from final
