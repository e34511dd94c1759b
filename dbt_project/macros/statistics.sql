{#
    Tails of exact distributions for the rows of a relation, by a key that is unique there; a row of
    which a number is null has none. The weight of each outcome comes from
    that of the one before it by a ratio, in logarithms, and the tail is its share of all weights:
    no factorial is needed and nothing overflows.
#}

{#
    Fisher's exact test, one-sided: how likely a draw without replacement has as many hits as
    observed, or more ('at least'), or fewer ('at most'), were the drawn like the rest.
#}
{% macro hypergeometric_tail(relation, key, side, observed, drawn, hits, population) -%}
    {%- set ratio -%}
        (tested.hits - outcome.number + 1) * (tested.drawn - outcome.number + 1)
        / (outcome.number * (tested.population - tested.hits - tested.drawn + outcome.number))
    {%- endset -%}
    {{ tail(
        relation, key, side,
        {'observed': observed, 'drawn': drawn, 'hits': hits, 'population': population},
        'greatest(0, tested.drawn + tested.hits - tested.population)',
        'least(tested.drawn, tested.hits)', ratio
    ) }}
{%- endmacro %}

{#
    The exact binomial test, one-sided: how likely so many of independent trials succeed, or more,
    or fewer, at a probability. One of 0 or 1, which no estimate is sure of, is taken as next to it.
#}
{% macro binomial_tail(relation, key, side, observed, trials, probability) -%}
    {%- set ratio -%}
        (tested.trials - outcome.number + 1) / outcome.number
        * tested.probability / (1 - tested.probability)
    {%- endset -%}
    {{ tail(
        relation, key, side,
        {
            'observed': observed,
            'trials': trials,
            'probability': 'least(greatest(' ~ probability ~ ', 1e-9), 1 - 1e-9)',
        },
        '0', 'tested.trials', ratio
    ) }}
{%- endmacro %}

{# What both have in common; the ratio is that of an outcome's weight to the weight of the one before. #}
{% macro tail(relation, key, side, numbers, first, last, ratio) -%}
    select
        {{ key }},
        {{ six_digits(
            "least(coalesce(sum(weight) filter (where number "
            ~ ('>=' if side == 'at least' else '<=') ~ " observed), 0) / sum(weight), 1)"
        ) }} as p_value
    from (
        select
            {{ key }},
            observed,
            number,
            exp(greatest(log_weight - max(log_weight) over (partition by {{ key }}), -700)) as weight
        from (
            select
                tested.{{ key }},
                tested.observed,
                outcome.number,
                sum(ln(case when outcome.number = {{ first }} then 1 else {{ ratio }} end)) over (
                    partition by tested.{{ key }} order by outcome.number
                ) as log_weight
            from (
                select
                    {{ key }},
                    {%- for name, expression in numbers.items() %}
                    cast({{ expression }} as double precision) as {{ name }}{{ ',' if not loop.last }}
                    {%- endfor %}
                from {{ relation }}
                where {% for expression in numbers.values() %}{{ 'and ' if not loop.first }}{{ expression }} is not null
                {% endfor %}
            ) as tested
            cross join {{ each_number(
                'cast(' ~ first ~ ' as integer)', 'cast(' ~ last ~ ' as integer)'
            ) }} as outcome (number)
        ) as accumulated
    ) as weighed
    group by {{ key }}
{%- endmacro %}

{#
    The rows of a relation with `tests`, how many stand in the family, and `p_corrected` by Holm's
    method: the chance that any finding of the family is false stays below the level. See decision
    0024. `made` is the number of tests where the relation holds only those that may come out.
#}
{% macro holm_corrected(relation, family, p_value, made=none) -%}
    select
        stepped.*,
        least(
            max({{ p_value }} * (tests - place + 1)) over (
                partition by {{ family }} order by place
            ),
            1
        ) as p_corrected
    from (
        select
            {{ relation }}.*,
            {{ made or 'count(*) over (partition by ' ~ family ~ ')' }} as tests,
            row_number() over (partition by {{ family }} order by {{ p_value }}) as place
        from {{ relation }}
    ) as stepped
{%- endmacro %}
