{{ config(indexes=[{'columns': ['handoff_id'], 'unique': true}]) }}

with starts as (

    select * from {{ ref('int_sla__starts') }}
    where clause = 'follow_up_before_rejection'

),

touches as (

    select * from {{ ref('int_handoffs__touch_progress') }}

),

rejections as (

    select * from {{ ref('int_handoffs__rejections') }}

),

rejected as (

    select
        starts.handoff_id,
        starts.started_at,
        starts.touches,
        rejections.rejection_at,
        rejections.rejection_earliest_at,
        {{ to_second('rejections.rejection_earliest_at') }} as earliest_second,
        {{ to_second('rejections.rejection_latest_at') }} as latest_second,
        coalesce(rejections.rejection_actor_type = 'automation', false) as is_by_machine,
        coalesce(rejections.rejection_actor_type <> 'automation', false) as is_excusable,
        coalesce(not rejections.needs_follow_up, false) as is_excused
    from starts
    left join rejections on starts.handoff_id = rejections.handoff_id

),

reached as (

    -- A touch in the rejection's own second lies before it.
    select
        rejected.handoff_id,
        min(touches.earliest_at) filter (where touches.touch_number >= rejected.touches)
            as reached_at,
        count(*) filter (where touches.earliest_second <= rejected.latest_second) as touches_made,
        count(*) filter (
            where touches.is_sure and touches.latest_second <= rejected.earliest_second
        ) as touches_surely_made
    from rejected
    inner join touches on rejected.handoff_id = touches.handoff_id
    group by rejected.handoff_id

),

final as (

    select
        rejected.handoff_id,
        case when rejected.rejection_at is not null then rejected.started_at end as started_at,
        rejected.rejection_at as due_at,
        case
            when rejected.rejection_at is null or rejected.is_by_machine or rejected.is_excused
                then null
            when coalesce(rejected.touches, 0) = 0 then rejected.started_at
            when
                reached.touches_made >= rejected.touches
                then least(reached.reached_at, rejected.rejection_at)
        end as met_at,
        rejected.rejection_earliest_at as due_earliest_at,
        case
            when
                coalesce(rejected.touches, 0) = 0
                or reached.touches_surely_made >= rejected.touches
                then rejected.rejection_earliest_at
        end as met_latest_at,
        rejected.touches as required,
        coalesce(reached.touches_made, 0) as counted,
        rejected.is_excused,
        rejected.is_excusable,
        rejected.is_excused as is_surely_excused,
        rejected.is_by_machine
    from rejected
    left join reached on rejected.handoff_id = reached.handoff_id

)

select * from final
