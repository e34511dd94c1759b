{#
    The first row of each key in an order, from a CTE: columns of the key, and expressions with their
    direction, as lists. The order has to be total, or which row comes first is chance.
#}
{% macro first_per(relation, key, order_by) -%}
    {{ adapter.dispatch('first_per', 'lead_handoff')(relation, key, order_by) }}
{%- endmacro %}

{% macro postgres__first_per(relation, key, order_by) -%}
    select distinct on ({{ key | join(', ') }}) *
    from {{ relation }}
    order by {{ (key + order_by) | join(', ') }}
{%- endmacro %}

{% macro default__first_per(relation, key, order_by) -%}
    select *
    from (
        select
            {{ relation }}.*,
            row_number() over (
                partition by {{ key | join(', ') }} order by {{ order_by | join(', ') }}
            ) as preference
        from {{ relation }}
    ) as preferred
    where preference = 1
{%- endmacro %}
