select
    {{ key | join(", ") }},
    array_to_string(array[
    {% for column in columns %}
        case when {{ column }} is null then '{{ column }}' end{{ "," if not loop.last }}
    {% endfor %}
    ], ', ') as without
from {{ table }}
where {{ columns | join(" is null or ") }} is null
