with follow_ups as (

    select * from {{ ref('int_handoffs__follow_ups') }}

),

touches as (

    select handoff_id, touch_id, occurred_at from {{ ref('int_handoffs__all_touches') }}
    where handoff_id is not null and user_id is not null

),

gaps as (

    select
        handoff_id,
        {{ seconds_between(
            'lag(occurred_at) over (partition by handoff_id order by occurred_at, touch_id)',
            'occurred_at'
        ) }} as gap_seconds
    from touches

),

spacing as (

    select
        follow_ups.month,
        follow_ups.team,
        follow_ups.owner_id,
        follow_ups.tier,
        {{ median_hours('gaps.gap_seconds') }} as median_hours_between_touches
    from follow_ups
    inner join gaps on follow_ups.handoff_id = gaps.handoff_id
    where
        follow_ups.is_owed
        and follow_ups.touches is not null
        and gaps.gap_seconds is not null
    group by follow_ups.month, follow_ups.team, follow_ups.owner_id, follow_ups.tier

),

counted as (

    select
        month,
        team,
        owner_id,
        tier,
        count(*) as handoffs,
        count(*) filter (where is_running) as running,
        count(*) filter (where is_owed) as handoffs_owed,
        max(touches_needed) as touches_needed,
        max(channels_needed) as channels_needed,
        count(*) filter (where is_owed and touches is not null) as touches_judged,
        cast(coalesce(sum(touches) filter (where is_owed), 0) as bigint) as touches,
        {{ median('case when is_owed then touches end') }} as median_touches,
        count(*) filter (where is_owed and touches >= coalesce(touches_needed, 0))
            as reached_touches,
        count(*) filter (where is_owed and channels >= coalesce(channels_needed, 0))
            as reached_channels,
        count(*) filter (where is_owed and touches > 0) as touched,
        count(*) filter (where is_owed and channels = 1) as one_channel_only,
        count(*) filter (
            where is_owed and is_sql_by_person and touches < coalesce(touches_needed, 0)
        ) as sql_by_person_before,
        count(*) filter (where is_dropped) as dropped,
        count(*) filter (where is_dropped and touches_before_rejection is not null)
            as dropped_judged,
        count(*) filter (where is_dropped and touches_before_rejection = 0) as dropped_untouched,
        count(*) filter (where is_dropped and touches_before_rejection = 1)
            as dropped_after_one_touch,
        count(*) filter (
            where is_dropped and touches_before_rejection > 1 and channels_before_rejection = 1
        ) as dropped_on_one_channel
    from follow_ups
    group by month, team, owner_id, tier

),

final as (

    select
        counted.*,
        spacing.median_hours_between_touches
    from counted
    left join spacing
        on
            counted.month = spacing.month
            and counted.team = spacing.team
            and counted.owner_id = spacing.owner_id
            and counted.tier = spacing.tier

)

select * from final
