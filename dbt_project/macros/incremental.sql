{#
    Incremental building by lead. A night recomputes every lead with news from all that is known of
    it, so a kept table loses those leads' rows and gets them anew: no look-back window to guess.
#}
{% macro forget_affected_leads() -%}
    {{ forget('int_identity__affected_leads', 'kept.lead_id = news.lead_id') }}
{%- endmacro %}

{# Rows of a kept table that match rows of a model of tonight's news go; nothing on a full build. #}
{% macro forget(model_name, condition) -%}
    {%- set news = ref(model_name) -%}
    {% if is_incremental() %}
        delete from {{ this }} as kept using {{ news }} as news where {{ condition }}
    {% else %}
        select 1
    {% endif %}
{%- endmacro %}

{#
    The rows that a kept model holds from the night before, read upstream of the model itself (a ref
    would be a circle); no rows while the model does not exist yet or everything is built anew.
#}
{% macro previous_rows(model_name, columns) -%}
    {%- set relation = none -%}
    {%- if execute and not flags.FULL_REFRESH -%}
        {%- set relation = adapter.get_relation(
            database=target.database, schema=target.schema, identifier=model_name
        ) -%}
    {%- endif -%}
    {%- if relation is not none %}
    select {{ columns | join(', ') }} from {{ relation }}
    {%- else %}
    select {% for column in columns %}null::text as {{ column }}{{ ', ' if not loop.last }}{% endfor %}
    where false
    {%- endif %}
{%- endmacro %}
