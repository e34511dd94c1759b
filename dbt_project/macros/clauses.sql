{# When a promise falls due: working hours of a calendar, or days of 24 hours. #}
{% macro due_at(version, calendar, start_at, due_in, due_unit) -%}
    case {{ due_unit }}
        when 'business_hours'
            then {{ add_business_seconds(version, calendar, start_at, '(' ~ due_in ~ ') * 3600') }}
        when 'days' then {{ add_days(start_at, due_in) }}
    end
{%- endmacro %}

{# Stages that answer a handoff: sales took the lead, or sent it back. #}
{% macro accepting_stages() %}('sal', 'sql', 'won'){% endmacro %}
{% macro declining_stages() %}('rejected', 'recycled', 'disqualified', 'lost'){% endmacro %}
