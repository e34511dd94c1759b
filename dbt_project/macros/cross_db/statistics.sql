{# Exact tests: tails of distributions, and what becomes of them when many are looked at. #}

{#
    Six significant digits of a probability, as an exact number: what floating point adds behind
    them depends on the order in which an engine sums, and no finding may.
#}
{% macro six_digits(expression) -%}
    {{ adapter.dispatch('six_digits', 'lead_handoff')(expression) }}
{%- endmacro %}

{% macro postgres__six_digits(expression) -%}
    cast(to_char(greatest({{ expression }}, 1e-300), '9.99999EEEE') as numeric)
{%- endmacro %}

{# A relation of one column with the whole numbers between two, both included; correlated. #}
{% macro each_number(first, last) -%}
    {{ adapter.dispatch('each_number', 'lead_handoff')(first, last) }}
{%- endmacro %}

{% macro postgres__each_number(first, last) -%}
    lateral generate_series({{ first }}, {{ last }})
{%- endmacro %}
