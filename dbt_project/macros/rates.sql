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
