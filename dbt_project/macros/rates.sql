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

{# A share with 6 decimals, times a factor; null of nothing. #}
{% macro share(successes, total, factor=1) -%}
    round(cast({{ successes }} as numeric) * {{ factor }} / nullif({{ total }}, 0), 6)
{%- endmacro %}

{# The same bound as a number with 6 decimals, times a factor; null where there is no share. #}
{% macro share_bound(successes, total, side, factor=1) -%}
    {{ six_decimals(
        'case when ' ~ successes ~ ' <= ' ~ total ~ ' then ' ~ factor ~ ' * ' ~ wilson_bound(successes, total, side)
        ~ ' end'
    ) }}
{%- endmacro %}

{#
    Bounds of the 95 % interval of the difference of two independent shares by Newcombe's hybrid
    score method (his method 10), from the shares and their Wilson bounds: it stays within -1 and 1
    and holds for small numbers, where Wald's does not.
#}
{% macro newcombe_bound(share, low, high, other_share, other_low, other_high, side) -%}
    {%- if side == 'low' %}
    ({{ share }}) - ({{ other_share }})
    - sqrt((({{ share }}) - ({{ low }})) ^ 2 + (({{ other_high }}) - ({{ other_share }})) ^ 2)
    {%- else %}
    ({{ share }}) - ({{ other_share }})
    + sqrt((({{ high }}) - ({{ share }})) ^ 2 + (({{ other_share }}) - ({{ other_low }})) ^ 2)
    {%- endif %}
{%- endmacro %}

{# A floating-point number as it is stored: exact from then on, with 6 decimals. #}
{% macro six_decimals(expression) -%}
    round(cast({{ expression }} as numeric), 6)
{%- endmacro %}

{# The median of a column of seconds over a group, in hours with 6 decimals; null of none. #}
{% macro median_hours(seconds) -%}
    {{ percentile_hours('0.5', seconds) }}
{%- endmacro %}

{#
    Median of the days (of 24 hours) between two instants, of the rows that have both; null of none.
    Taken of seconds, which are exact, and divided then.
#}
{% macro median_days(start_at, end_at) -%}
    round({{ median(seconds_between(start_at, end_at)) }} / 86400, 6)
{%- endmacro %}

{#
    A percentile of spans in seconds, in hours with 6 decimals, as an aggregate: between two values in
    proportion. Spans that are null are left out.
#}
{% macro percentile_hours(share, seconds) -%}
    round({{ percentile(share, seconds) }} / 3600, 6)
{%- endmacro %}
