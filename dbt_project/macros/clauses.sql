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

{# What came of a handoff by as_of: its answer, or what the lack of one means by then. #}
{% macro handoff_outcome(answer, is_expiry, next_offered_at, response_due_at, as_of) -%}
    case
        when {{ answer }} is not null then {{ answer }}
        when {{ is_expiry }} then 'ignored'
        when
            {{ next_offered_at }} is not null
            and ({{ response_due_at }} is null or {{ next_offered_at }} <= {{ response_due_at }})
            then 'withdrawn'
        when {{ response_due_at }} < {{ as_of }} then 'ignored'
        else 'pending'
    end
{%- endmacro %}
