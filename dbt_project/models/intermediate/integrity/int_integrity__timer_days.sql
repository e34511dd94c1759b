with promotions as (

    select from_stage, to_stage, actor_id, whole_days, begun_on_weekday
    from {{ ref('int_integrity__promotions') }}
    where is_silent and has_times_of_day and not is_registered

),

limits as (

    select timer_minimum_moves, timer_excess from {{ ref('int_agreement__limits') }}
    where is_in_force

),

-- Each path is looked at by actor and over all of them.
grouped as (

    select from_stage, to_stage, null as actor_id, whole_days, begun_on_weekday from promotions

    union all

    select from_stage, to_stage, actor_id, whole_days, begun_on_weekday from promotions
    where actor_id is not null

),

by_weekday as (

    select
        from_stage || '|' || to_stage || '|' || coalesce(actor_id, '') as group_id,
        from_stage,
        to_stage,
        actor_id,
        whole_days,
        count(*) as moves,
        sum(count(*)) over (partition by from_stage, to_stage, actor_id) as moves_of_group
    from grouped
    group by from_stage, to_stage, actor_id, whole_days, begun_on_weekday

),

by_day as (

    select
        by_weekday.group_id,
        by_weekday.from_stage,
        by_weekday.to_stage,
        by_weekday.actor_id,
        by_weekday.whole_days,
        sum(by_weekday.moves) as moves,
        count(*) as weekdays,
        max(by_weekday.moves) as moves_of_one_weekday
    from by_weekday
    cross join limits
    where by_weekday.moves_of_group >= limits.timer_minimum_moves
    group by
        by_weekday.group_id, by_weekday.from_stage, by_weekday.to_stage, by_weekday.actor_id,
        by_weekday.whole_days

),

-- Every day from 7 to 90 of every group is a test, also one without a move.
tests as (

    select 84 * count(distinct group_id) as tests_made from by_day

),

with_others as (

    select
        here.group_id || '|' || here.whole_days as test_id,
        here.from_stage,
        here.to_stage,
        here.actor_id,
        here.whole_days,
        here.moves,
        here.weekdays,
        here.moves_of_one_weekday,
        coalesce(max(other.moves) filter (where abs(other.whole_days - here.whole_days) = 1), 0)
            as moves_next_to_it,
        coalesce(sum(other.moves) filter (where abs(other.whole_days - here.whole_days) <= 3), 0)
            as moves_around,
        coalesce(sum(other.moves) filter (where abs(other.whole_days - here.whole_days) = 7), 0)
            as moves_a_week_away
    from by_day as here
    left join by_day as other
        on
            here.group_id = other.group_id
            and abs(other.whole_days - here.whole_days) in (1, 2, 3, 7)
    where here.whole_days between 7 and 90
    group by
        here.group_id, here.from_stage, here.to_stage, here.actor_id, here.whole_days, here.moves,
        here.weekdays, here.moves_of_one_weekday

),

final as (

    -- A day with no more moves than the others would give it has a chance of half or more: it is a
    -- test like all, and no timer.
    select
        with_others.*,
        cast(timer_excess / (timer_excess + 6) as decimal(26, 6)) as chance_around, tests_made
    from with_others
    cross join limits
    cross join tests
    where
        6 * with_others.moves > limits.timer_excess * with_others.moves_around
        and 2 * with_others.moves > with_others.moves_a_week_away

)

select * from final
