{# Median of the values that are there: the middle one, or the mean of the two middle ones. #}
{% macro median(expression) -%}
    {{ percentile('0.5', expression) }}
{%- endmacro %}

{# The value at a share of the way through the sorted ones, in proportion between two of them. #}
{% macro percentile(share, expression) -%}
    {{ adapter.dispatch('percentile', 'lead_handoff')(share, expression) }}
{%- endmacro %}

{% macro postgres__percentile(share, expression) -%}
    cast(percentile_cont({{ share }}) within group (order by {{ expression }}) as numeric)
{%- endmacro %}
