{# Texts: patterns, order, and lists in one cell. #}

{# Whether a text matches a regular expression, with or without regard to case. #}
{% macro matches(expression, pattern) -%}
    {{ adapter.dispatch('matches', 'lead_handoff')(expression, pattern) }}
{%- endmacro %}

{% macro postgres__matches(expression, pattern) -%}
    ({{ expression }} ~ '{{ pattern }}')
{%- endmacro %}

{% macro mentions(expression, words) -%}
    {{ adapter.dispatch('mentions', 'lead_handoff')(expression, words) }}
{%- endmacro %}

{# Any of these words, as a whole word and in any case; a word may be a pattern. #}
{% macro postgres__mentions(expression, words) -%}
    ({{ expression }} ~* '\m({{ words | join('|') }})\M')
{%- endmacro %}

{# A text that is compared byte by byte, so that order does not depend on the server's language. #}
{% macro bytewise(expression) -%}
    {{ adapter.dispatch('bytewise', 'lead_handoff')(expression) }}
{%- endmacro %}

{% macro postgres__bytewise(expression) -%}
    {{ expression }} collate "C"
{%- endmacro %}

{# Whether a value is one of those that a text joins by bars. #}
{% macro is_listed(value, list) -%}
    {{ adapter.dispatch('is_listed', 'lead_handoff')(value, list) }}
{%- endmacro %}

{% macro postgres__is_listed(value, list) -%}
    {{ value }} = any(string_to_array({{ list }}, '|'))
{%- endmacro %}

{# The texts of a group in one, in an order. #}
{% macro joined(expression, separator, order_by) -%}
    {{ adapter.dispatch('joined', 'lead_handoff')(expression, separator, order_by) }}
{%- endmacro %}

{% macro postgres__joined(expression, separator, order_by) -%}
    string_agg({{ expression }}, '{{ separator }}' order by {{ order_by }})
{%- endmacro %}

{# A relation of one column with the values that a text joins by bars; correlated. #}
{% macro each_listed(list) -%}
    {{ adapter.dispatch('each_listed', 'lead_handoff')(list) }}
{%- endmacro %}

{% macro postgres__each_listed(list) -%}
    unnest(string_to_array({{ list }}, '|'))
{%- endmacro %}

{# A relation of one column with the numbers that stand in a text; correlated. #}
{% macro each_number_in(expression) -%}
    {{ adapter.dispatch('each_number_in', 'lead_handoff')(expression) }}
{%- endmacro %}

{% macro postgres__each_number_in(expression) -%}
    lateral (
        select array_to_string(found, '') from regexp_matches({{ expression }}, '[0-9]+', 'g') as found
    )
{%- endmacro %}

{# A text in the form in which the review freezes and compares it: Unicode NFC. #}
{% macro nfc(expression) -%}
    {{ adapter.dispatch('nfc', 'lead_handoff')(expression) }}
{%- endmacro %}

{% macro postgres__nfc(expression) -%}
    normalize({{ expression }}, nfc)
{%- endmacro %}
