{#
    Rows with a value outside the agreed words; no value is none of them and passes. One test for all
    such columns of a model, so that the model is read once. The words come from the models and the
    agreement, so a slot is tested for them when one of these has changed: at a full build.
#}
{% test values_are_agreed(model, allowed) %}
{{ config(tags=['full_build']) }}

select {{ allowed.keys() | join(', ') }}
from {{ model }}
where
    {% for column, words in allowed.items() %}
    {{ 'or ' if not loop.first }}{{ column }} not in ('{{ words | join("', '") }}')
    {% endfor %}

{% endtest %}
