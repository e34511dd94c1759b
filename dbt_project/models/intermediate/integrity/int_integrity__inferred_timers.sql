with promotions as (

    select from_stage, to_stage, actor_id, cast(floor(elapsed_days) as integer) as day
    from {{ ref('int_integrity__promotions') }}
    where is_silent

),

limits as (

    select
        {{ threshold('silent_auto_promotion', 'batch_size', 'in_force.agreement_version', 5) }}
            as minimum_moves,
        {{ threshold('silent_auto_promotion', 'significance', 'in_force.agreement_version', 0.01) }}
            as significance
    from {{ ref('int_agreement__in_force') }} as in_force

),

-- Each path is looked at by actor and over all of them.
placed as (

    select from_stage, to_stage, actor_id, day from promotions
    where actor_id is not null

    union all

    select from_stage, to_stage, null, day from promotions

),

by_day as (

    select from_stage, to_stage, actor_id, day, count(*) as moves
    from placed
    group by from_stage, to_stage, actor_id, day

),

spread as (

    -- A day against the days around it, but for the next to it: a nightly batch may spill over.
    -- The first day is left out: what is saved at once is no timer.
    select
        here.from_stage || '|' || here.to_stage || '|' || here.day || '|'
        || coalesce(here.actor_id, '') as test_id,
        here.from_stage,
        here.to_stage,
        here.actor_id,
        here.day,
        here.moves,
        coalesce(sum(around.moves), 0) as moves_around,
        case when here.day >= 5 then 8 else here.day + 3 end as days_around
    from by_day as here
    left join by_day as around
        on
            here.from_stage = around.from_stage
            and here.to_stage = around.to_stage
            and coalesce(here.actor_id, '') = coalesce(around.actor_id, '')
            and abs(here.day - around.day) between 2 and 5
    where here.day >= 1
    group by here.from_stage, here.to_stage, here.actor_id, here.day, here.moves

),

tailed as (

    {{ binomial_tail(
        'spread', 'test_id', 'at least', 'moves', '(moves + moves_around)',
        '1.0 / (1 + days_around)'
    ) }}

),

tested as (

    select spread.*, tailed.p_value, 1 as family
    from spread
    inner join tailed on spread.test_id = tailed.test_id

),

corrected as (

    {{ holm_corrected('tested', 'family', 'p_value') }}

),

final as (

    select
        corrected.from_stage,
        corrected.to_stage,
        corrected.actor_id,
        corrected.day as timer_days,
        corrected.p_corrected,
        {{ json_object({
            'test': "'binomial, a day against the days around it'",
            'correction': "'Holm'",
            'tests': 'corrected.tests',
            'p': 'corrected.p_value',
            'p_corrected': 'corrected.p_corrected',
            'timer_days': 'corrected.day',
            'actor_id': 'corrected.actor_id',
            'moves': 'corrected.moves',
            'moves_around': 'corrected.moves_around',
            'days_around': 'corrected.days_around',
            'base_rate': 'round(corrected.moves_around * 1.0 / corrected.days_around, 3)',
        }) }} as evidence
    from corrected
    cross join limits
    where
        corrected.moves >= limits.minimum_moves and corrected.p_corrected <= limits.significance

)

select * from final
