{{ config(indexes=[{'columns': ['handoff_id', 'touch_number']}]) }}

with affected as (

    select lead_id from {{ ref('int_identity__affected_leads') }}

),

touches as (

    select all_touches.*
    from {{ ref('int_handoffs__all_touches') }} as all_touches
    inner join affected on all_touches.lead_id = affected.lead_id
    where all_touches.handoff_id is not null and all_touches.user_id is not null

),

numbered as (

    select
        handoff_id,
        touch_id,
        channel,
        occurred_at,
        occurred_second,
        row_number() over (partition by handoff_id order by occurred_at, touch_id) as touch_number,
        row_number() over (
            partition by handoff_id, channel order by occurred_at, touch_id
        ) = 1 as is_new_channel
    from touches

),

final as (

    select
        numbered.*,
        count(*) filter (where is_new_channel) over (
            partition by handoff_id order by touch_number
        ) as channels_so_far
    from numbered

)

select * from final
