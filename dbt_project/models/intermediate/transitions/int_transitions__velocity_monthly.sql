with stays as (

    select * from {{ ref('int_transitions__stays') }}

),

moved as (

    select
        month_left as month,
        segment,
        stage as from_stage,
        next_stage as to_stage,
        count(*) as moves,
        count(*) filter (where next_actor_type = 'human') as moves_by_person,
        count(*) filter (where next_actor_type = 'automation') as moves_by_machine,
        {{ median_hours('seconds_in_stage') }} as median_hours,
        {{ percentile_hours(0.9, 'seconds_in_stage') }} as p90_hours,
        {{ median_hours('business_seconds_in_stage') }} as median_business_hours,
        {{ percentile_hours(0.9, 'business_seconds_in_stage') }} as p90_business_hours
    from stays
    where next_stage is not null
    group by month_left, segment, stage, next_stage

),

ended as (

    select
        month_entered as month,
        segment,
        stage as from_stage,
        next_stage as to_stage,
        max(next_direction) as direction,
        count(*) as stays
    from stays
    group by month_entered, segment, stage, next_stage

),

entered as (

    select
        month,
        segment,
        from_stage,
        cast(sum(stays) as bigint) as stays_entered,
        cast(coalesce(sum(stays) filter (where to_stage is null), 0) as bigint) as stays_open
    from ended
    group by month, segment, from_stage

),

pairs as (

    select distinct from_stage, to_stage, direction from ended
    where to_stage is not null

),

-- A way that nobody went is the 0 % that has to be seen: a stage that was entered in a month has a
-- row for each way that the company's leads ever went from it.
keys as (

    select entered.month, entered.segment, pairs.from_stage, pairs.to_stage
    from entered
    inner join pairs on entered.from_stage = pairs.from_stage

    union

    select month, segment, from_stage, to_stage from moved

),

final as (

    select
        keys.month,
        keys.from_stage,
        keys.to_stage,
        keys.segment,
        pairs.direction,
        coalesce(moved.moves, 0) as moves,
        coalesce(moved.moves_by_person, 0) as moves_by_person,
        coalesce(moved.moves_by_machine, 0) as moves_by_machine,
        moved.median_hours,
        moved.p90_hours,
        moved.median_business_hours,
        moved.p90_business_hours,
        coalesce(entered.stays_entered, 0) as stays_entered,
        coalesce(ended.stays, 0) as stays_converted,
        coalesce(entered.stays_open, 0) as stays_open
    from keys
    inner join pairs on keys.from_stage = pairs.from_stage and keys.to_stage = pairs.to_stage
    left join moved
        on
            keys.month = moved.month
            and keys.segment = moved.segment
            and keys.from_stage = moved.from_stage
            and keys.to_stage = moved.to_stage
    left join entered
        on
            keys.month = entered.month
            and keys.segment = entered.segment
            and keys.from_stage = entered.from_stage
    left join ended
        on
            keys.month = ended.month
            and keys.segment = ended.segment
            and keys.from_stage = ended.from_stage
            and keys.to_stage = ended.to_stage

)

select * from final
