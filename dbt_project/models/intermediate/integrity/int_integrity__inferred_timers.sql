with days as (

    select * from {{ ref('int_integrity__timer_days') }}

),

limits as (

    select timer_minimum_moves, timer_significance from {{ ref('int_agreement__limits') }}
    where is_in_force

),

against_days_around as (

    {{ binomial_tail(
        'days', 'test_id', 'at least', 'moves', '(moves + moves_around)', 'chance_around'
    ) }}

),

-- Working weeks repeat: a day has to beat the same weekdays of the weeks next to it too.
against_a_week_away as (

    {{ binomial_tail(
        'days', 'test_id', 'at least', 'moves', '(moves + moves_a_week_away)', '1.0 / 3'
    ) }}

),

tested as (

    select
        days.*,
        1 as family,
        against_days_around.p_value as p_around,
        against_a_week_away.p_value as p_week,
        greatest(against_days_around.p_value, against_a_week_away.p_value) as p_value
    from days
    inner join against_days_around on days.test_id = against_days_around.test_id
    inner join against_a_week_away on days.test_id = against_a_week_away.test_id

),

corrected as (

    {{ holm_corrected('tested', 'family', 'p_value', 'tests_made') }}

),

final as (

    select
        corrected.from_stage,
        corrected.to_stage,
        corrected.actor_id,
        corrected.whole_days as timer_days,
        corrected.p_corrected,
        {{ json_object({
            'test': "'binomial, a day against the six around it and against those a week away; the larger p'",
            'correction': "'Holm'",
            'tests': 'corrected.tests',
            'p': 'corrected.p_value',
            'p_corrected': 'corrected.p_corrected',
            'p_around': 'corrected.p_around',
            'p_week': 'corrected.p_week',
            'timer_days': 'corrected.whole_days',
            'actor_id': 'corrected.actor_id',
            'moves': 'corrected.moves',
            'moves_around': 'corrected.moves_around',
            'moves_a_week_away': 'corrected.moves_a_week_away',
            'begun_on_weekdays': 'corrected.weekdays',
        }) }} as evidence
    from corrected
    cross join limits
    where
        corrected.p_corrected <= limits.timer_significance
        and corrected.moves >= limits.timer_minimum_moves
        and corrected.moves >= 2 * corrected.moves_next_to_it
        and corrected.weekdays >= 3
        and 2 * corrected.moves_of_one_weekday <= corrected.moves

)

select * from final
