{#
    For each row of `asked` the number of the last of `spans` that had begun by its moment: null where none
    had. Spans are numbered within their keys in the order in which they begin. Both are sorted once, so
    that a lead with many of either costs no pairs; the span itself is then joined by its number.

    `asked` and `spans` are names of relations; `id` lists the columns that tell rows of `asked` apart.
#}
{% macro last_begun(asked, id, moment, spans, number, keys=['lead_id'], begins='from_at') -%}
    select {% for column in id %}{{ column }}, {% endfor %}{{ number }}
    from (
        select
            {% for column in id %}{{ column }},
            {% endfor -%}
            is_asked,
            max({{ number }}) over (
                partition by {{ keys | join(', ') }} order by moment, is_asked
                rows between unbounded preceding and current row
            ) as {{ number }}
        from (
            select
                {{ (id + (keys | reject('in', id) | list)) | join(', ') }},
                {{ moment }} as moment,
                1 as is_asked,
                cast(null as bigint) as {{ number }}
            from {{ asked }}
            where {{ moment }} is not null
            union all
            select
                {% for column in id + (keys | reject('in', id) | list) -%}
                {{ column if column in keys else 'null' }},
                {% endfor -%}
                {{ begins }}, 0, {{ number }}
            from {{ spans }}
        ) as moments
    ) as placed
    where is_asked = 1
{%- endmacro %}
