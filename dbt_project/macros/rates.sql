{#
    Bounds of the 95 % Wilson score interval of a share; null of nothing. z is the 97.5 % point of
    the normal distribution.
#}
{% macro wilson_bound(successes, total, side) -%}
    {%- set z = '1.959963984540054' -%}
    case
        when ({{ total }}) > 0 then (
            ({{ successes }})::double precision / ({{ total }}) + {{ z }}::double precision ^ 2 / (2 * ({{ total }}))
            {{ '-' if side == 'low' else '+' }} {{ z }}::double precision * sqrt(
                ({{ successes }})::double precision / ({{ total }})
                * (1 - ({{ successes }})::double precision / ({{ total }})) / ({{ total }})
                + {{ z }}::double precision ^ 2 / (4 * ({{ total }})::double precision ^ 2)
            )
        ) / (1 + {{ z }}::double precision ^ 2 / ({{ total }}))
    end
{%- endmacro %}

{# A share as marts show it: six decimals, null of nothing. #}
{% macro share_of(successes, total) -%}
    round(cast({{ successes }} as numeric) / nullif({{ total }}, 0), 6)
{%- endmacro %}

{# A bound of that share's 95 % Wilson interval, as marts show it. #}
{% macro share_bound(successes, total, side) -%}
    round(cast(({{ wilson_bound(successes, total, side) }}) as numeric), 6)
{%- endmacro %}

{#
    Median of the days (of 24 hours) between two instants, of the rows that have both; null of none.
    Taken of seconds, which are exact, and divided then.
#}
{% macro median_days(start_at, end_at) -%}
    round({{ median(seconds_between(start_at, end_at)) }} / 86400, 6)
{%- endmacro %}
