{# Documents: rows and attributes whose keys are known only to the agreement, and evidence. #}

{#
    A landed text that holds a document of names and values: as an object, as the list of objects with
    a name and a value that Marketo's REST interface gives, or as either in a JSON string. Landing lets
    no other shape pass (lead_handoff.landing.documents).
#}
{% macro to_document(expression) -%}
    {{ adapter.dispatch('to_document', 'lead_handoff')(expression) }}
{%- endmacro %}

{% macro postgres__to_document(expression) -%}
    {%- set unwrapped = unwrapped_json(expression) -%}
    case left({{ expression }}, 1)
        when '{' then cast({{ expression }} as jsonb)
        when '[' then {{ object_of_pairs('cast(' ~ expression ~ ' as jsonb)') }}
        when '"' then
            case jsonb_typeof({{ unwrapped }})
                when 'object' then {{ unwrapped }}
                when 'array' then {{ object_of_pairs(unwrapped) }}
            end
    end
{%- endmacro %}

{# The JSON that stands in a JSON string; null in an empty one. #}
{% macro unwrapped_json(expression) -%}
    cast(nullif(trim(cast({{ expression }} as jsonb) #>> '{}'), '') as jsonb)
{%- endmacro %}

{# The object that a list of objects with a name and a value means. #}
{% macro object_of_pairs(list) -%}
    (
        select jsonb_object_agg(pair ->> 'name', pair -> 'value')
        from jsonb_array_elements({{ list }}) as pair
    )
{%- endmacro %}

{# A landed text that holds a list, be it in a JSON string, as a document; null where there is none. #}
{% macro to_list(expression) -%}
    {{ adapter.dispatch('to_list', 'lead_handoff')(expression) }}
{%- endmacro %}

{% macro postgres__to_list(expression) -%}
    {%- set unwrapped = unwrapped_json(expression) -%}
    case left({{ expression }}, 1)
        when '[' then cast({{ expression }} as jsonb)
        when '"' then case when jsonb_typeof({{ unwrapped }}) = 'array' then {{ unwrapped }} end
    end
{%- endmacro %}

{# A relation of one column with the members of a list, as texts, each once; correlated. #}
{% macro each_member(list) -%}
    {{ adapter.dispatch('each_member', 'lead_handoff')(list) }}
{%- endmacro %}

{% macro postgres__each_member(list) -%}
    lateral (select distinct jsonb_array_elements_text({{ list }}))
{%- endmacro %}

{# The value of one key of a document, as text; an empty text counts as no value. #}
{% macro json_text(document, key) -%}
    nullif({{ json_value(document, key) }}, '')
{%- endmacro %}

{# The value of one key of a document, as text, as it stands there. #}
{% macro json_value(document, key) -%}
    {{ adapter.dispatch('json_value', 'lead_handoff')(document, key) }}
{%- endmacro %}

{% macro postgres__json_value(document, key) -%}
    ({{ document }} ->> {{ key }})
{%- endmacro %}

{# A document from keys and expressions: what a finding shows as its evidence. #}
{% macro json_object(values) -%}
    {{ adapter.dispatch('json_object', 'lead_handoff')(values) }}
{%- endmacro %}

{% macro postgres__json_object(values) -%}
    jsonb_build_object(
        {%- for key, expression in values.items() %}
        '{{ key }}', {{ expression }}{{ ',' if not loop.last }}
        {%- endfor %}
    )
{%- endmacro %}

{#
    The value that a query of two columns, key and value, has for a key; null where it has none. The query
    may not depend on the row that asks, so that an engine can answer it once and not once a row.
#}
{% macro look_up(query, key) -%}
    {{ adapter.dispatch('look_up', 'lead_handoff')(query, key) }}
{%- endmacro %}

{% macro postgres__look_up(query, key) -%}
    (
        (
            select jsonb_object_agg(answers.key, answers.value)
            from ({{ query }}) as answers (key, value)
        ) ->> {{ key }}
    )
{%- endmacro %}
