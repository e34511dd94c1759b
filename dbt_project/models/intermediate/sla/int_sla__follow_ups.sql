{{ config(indexes=[{'columns': ['handoff_id'], 'unique': true}]) }}

with starts as (

    select * from {{ ref('int_sla__starts') }}
    where clause = 'follow_up'

),

touches as (

    select * from {{ ref('int_handoffs__touch_progress') }}

),

progress as (

    select * from {{ ref('int_handoffs__progress') }}

),

rejections as (

    select * from {{ ref('int_handoffs__rejections') }}

),

offers as (

    select handoff_id, offered_at from {{ ref('int_handoffs__offers') }}

),

promised as (

    select
        handoff_id,
        started_at,
        {{ due_at(
            'starts.judged_version', 'starts.calendar', 'starts.started_at',
            'starts.due_in', 'starts.due_unit'
        ) }} as due_at,
        touches,
        channels,
        coalesce(touches, 0) = 0 and coalesce(channels, 0) = 0 as is_empty
    from starts

),

reached as (

    select
        promised.handoff_id,
        min(touches.occurred_at) filter (
            where
            touches.touch_number >= promised.touches
            and touches.channels_so_far >= coalesce(promised.channels, 0)
        ) as reached_at,
        count(*) filter (where touches.occurred_at <= promised.due_at) as touches_made
    from promised
    inner join touches on promised.handoff_id = touches.handoff_id
    group by promised.handoff_id

),

final as (

    -- A person's move to sql is what the touches were for, and keeps the promise as they do.
    select
        promised.handoff_id,
        promised.started_at,
        promised.due_at,
        case
            when promised.started_at is null then null
            when promised.is_empty then offers.offered_at
            else least(reached.reached_at, progress.human_sql_at)
        end as met_at,
        promised.touches as required,
        coalesce(reached.touches_made, 0) as counted,
        coalesce(
            progress.sent_back_at < promised.due_at
            and rejections.rejection_actor_type <> 'automation'
            and not rejections.needs_follow_up,
            false
        ) as is_excused,
        coalesce(
            progress.sent_back_at < promised.due_at
            and rejections.rejection_actor_type <> 'automation',
            false
        ) as is_excusable,
        false as is_by_machine
    from promised
    inner join offers on promised.handoff_id = offers.handoff_id
    inner join progress on promised.handoff_id = progress.handoff_id
    left join rejections on promised.handoff_id = rejections.handoff_id
    left join reached on promised.handoff_id = reached.handoff_id

)

select * from final
