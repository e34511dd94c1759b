{#
    Rows with a value outside the agreed words; no value is none of them and passes. One test for all
    such columns of a model, so that the night reads the model once.
#}
{% test values_are_agreed(model, allowed) %}

select {{ allowed.keys() | join(', ') }}
from {{ model }}
where
    {% for column, words in allowed.items() %}
    {{ 'or ' if not loop.first }}{{ column }} not in ('{{ words | join("', '") }}')
    {% endfor %}

{% endtest %}
