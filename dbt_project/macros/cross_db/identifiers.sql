{# A stable text id from parts that never change: the MD5 of the parts joined by a bar. #}
{% macro hash_id(parts) -%}
    {{ adapter.dispatch('hash_id', 'lead_handoff')(parts) }}
{%- endmacro %}

{% macro postgres__hash_id(parts) -%}
    md5({{ parts | join(" || '|' || ") }})
{%- endmacro %}

{#
    Salesforce hands out ids of 15 characters in which case matters and the same id with three check
    characters; the long form is the one that joins safely. Landing indexes the raw tables by this very
    expression, so the function is the warehouse's own and not a slot's.
#}
{% macro salesforce_id(expression) -%}
    {{ adapter.dispatch('salesforce_id', 'lead_handoff')(expression) }}
{%- endmacro %}

{% macro postgres__salesforce_id(expression) -%}
    case
        when length({{ expression }}) = 15 then ops.salesforce_id_from_15({{ expression }})
        else {{ expression }}
    end
{%- endmacro %}

{# The column name under which landing keeps a source's field: leadStatus -> lead_status. #}
{% macro landed_column(expression) -%}
    {{ adapter.dispatch('landed_column', 'lead_handoff')(expression) }}
{%- endmacro %}

{% macro postgres__landed_column(expression) -%}
    regexp_replace(
        lower(
            regexp_replace(
                regexp_replace({{ expression }}, '([^_])([A-Z][a-z]+)', '\1_\2', 'g'),
                '([a-z0-9])([A-Z])', '\1_\2', 'g'
            )
        ),
        '[^a-z0-9_]', '_', 'g'
    )
{%- endmacro %}
