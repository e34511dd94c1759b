{#
    One number of the agreement's thresholds, for a query grouped by version: the version's own value,
    the default where it is silent. The type is that of the column.
#}
{% macro limit(rule, name, default, type='decimal(26, 6)') -%}
    cast(
        coalesce(
            max(
                case
                    when thresholds.rule = '{{ rule }}' and thresholds.threshold = '{{ name }}'
                        then cast(thresholds.value as decimal(26, 6))
                end
            ),
            {{ default }}
        ) as {{ type }}
    )
{%- endmacro %}
