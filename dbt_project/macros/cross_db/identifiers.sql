{# A stable text id from parts that never change: the MD5 of the parts joined by a bar. #}
{% macro hash_id(parts) -%}
    {{ adapter.dispatch('hash_id', 'lead_handoff')(parts) }}
{%- endmacro %}

{% macro postgres__hash_id(parts) -%}
    md5({{ parts | join(" || '|' || ") }})
{%- endmacro %}

{#
    Salesforce hands out ids of 15 characters in which case matters and the same id with three check
    characters; the long form is the one that joins safely.
#}
{% macro create_salesforce_id_function() %}
    create or replace function {{ target.schema }}.salesforce_id_from_15(short_id text)
    returns text language sql immutable strict parallel safe as $$
        select short_id || string_agg(
            substr(
                'ABCDEFGHIJKLMNOPQRSTUVWXYZ012345',
                1
                + case when substr(short_id, chunk * 5 + 1, 1) ~ '[A-Z]' then 1 else 0 end
                + case when substr(short_id, chunk * 5 + 2, 1) ~ '[A-Z]' then 2 else 0 end
                + case when substr(short_id, chunk * 5 + 3, 1) ~ '[A-Z]' then 4 else 0 end
                + case when substr(short_id, chunk * 5 + 4, 1) ~ '[A-Z]' then 8 else 0 end
                + case when substr(short_id, chunk * 5 + 5, 1) ~ '[A-Z]' then 16 else 0 end,
                1
            ),
            '' order by chunk
        )
        from generate_series(0, 2) as chunk
    $$
{% endmacro %}

{% macro salesforce_id(expression) -%}
    {{ adapter.dispatch('salesforce_id', 'lead_handoff')(expression) }}
{%- endmacro %}

{% macro postgres__salesforce_id(expression) -%}
    case
        when length({{ expression }}) = 15 then {{ target.schema }}.salesforce_id_from_15({{ expression }})
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
