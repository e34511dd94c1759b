{#
    The condition of a join on int_delivery__spans: a kind of fact was delivered all the time from one
    moment to another, as a version of the agreement takes it. At most one span fits.
#}
{% macro is_delivered(spans, kind, version, from_at, to_at) -%}
    {{ spans }}.kind = '{{ kind }}'
    and {{ spans }}.agreement_version = {{ version }}
    and {{ spans }}.from_at <= {{ from_at }}
    and {{ spans }}.to_at >= {{ to_at }}
{%- endmacro %}

{# Clauses that promise touches. #}
{% macro touch_clauses() %}('first_touch', 'follow_up', 'follow_up_before_rejection'){% endmacro %}
