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
        {% for name, start in [
            ('due_at', 'started_latest_at'), ('due_earliest_at', 'started_earliest_at'),
        ] %}
        {{ due_at(
            'starts.judged_version', 'starts.calendar', 'starts.' ~ start,
            'starts.due_in', 'starts.due_unit'
        ) }} as {{ name }},
        {% endfor %}
        touches,
        channels,
        coalesce(touches, 0) = 0 and coalesce(channels, 0) = 0 as is_empty
    from starts

),

reached as (

    select
        promised.handoff_id,
        min(touches.earliest_at) filter (
            where
            touches.touch_number >= promised.touches
            and touches.channels_so_far >= coalesce(promised.channels, 0)
        ) as reached_at,
        min(touches.latest_at) filter (
            where
            touches.sure_number >= promised.touches
            and touches.sure_channels_so_far >= coalesce(promised.channels, 0)
        ) as surely_reached_at,
        count(*) filter (where touches.earliest_second <= promised.due_at) as touches_made
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
        promised.due_earliest_at,
        {% for name, reached, sql in [
            ('met_at', 'reached_at', 'human_sql_earliest_at'),
            ('met_latest_at', 'surely_reached_at', 'human_sql_latest_at'),
        ] %}
        case
            when promised.started_at is null then null
            when promised.is_empty then offers.offered_at
            else least(reached.{{ reached }}, progress.{{ sql }})
        end as {{ name }},
        {% endfor %}
        promised.touches as required,
        coalesce(reached.touches_made, 0) as counted,
        {% for name, sent_back, due in [
            ('is_excused', 'sent_back_earliest_at', 'due_at'),
            ('is_surely_excused', 'sent_back_latest_at', 'due_earliest_at'),
        ] %}
        coalesce(
            progress.{{ sent_back }} < promised.{{ due }}
            and rejections.rejection_actor_type <> 'automation'
            and not rejections.needs_follow_up,
            false
        ) as {{ name }},
        {% endfor %}
        coalesce(
            progress.sent_back_earliest_at < promised.due_at
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
