{# A night builds everything into one slot, so that publishing is one switch: custom schemas are ignored. #}
{% macro generate_schema_name(custom_schema_name, node) -%}
    {{ target.schema }}
{%- endmacro %}
