{# The few functions that plain SQL cannot say; each lives in the slot beside the models that use it. #}
{% macro create_functions() %}
    {% if execute %}
        {% for statement in [
            create_local_instant_function(),
            create_chain_order_function(),
            create_order_within_seconds_function(),
            create_components_function(),
            create_order_within_day_function(),
            create_order_within_days_function(),
            create_merge_days_function(),
            create_in_zone_function(),
        ] %}
            {% do run_query(statement) %}
        {% endfor %}
    {% endif %}
{% endmacro %}
