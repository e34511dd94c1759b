{#
    The instant of a local time without offset. A time that the clock shows twice is the earlier
    instant; PostgreSQL alone would take the later one.
#}
{% macro create_local_instant_function() %}
    create or replace function {{ target.schema }}.local_instant(local_time timestamp, zone text)
    returns timestamptz language sql stable parallel safe as $$
        select least(
            local_time at time zone zone,
            ((local_time - interval '1 hour') at time zone zone) + interval '1 hour'
        )
    $$
{% endmacro %}

{# A local time (timestamp) in a zone, as an instant. #}
{% macro local_instant(local_time, zone) -%}
    {{ target.schema }}.local_instant({{ local_time }}, {{ zone }})
{%- endmacro %}

{# A landed text as an instant; without an offset it is read in the source's own zone. #}
{% macro to_instant(expression, zone) -%}
    case
        when {{ expression }} ~ '[0-9:.](Z|z| ?[+-][0-9]{2}(:?[0-9]{2})?)$' and length({{ expression }}) > 10
            then ({{ expression }})::timestamptz
        when {{ expression }} is not null
            then {{ local_instant('(' ~ expression ~ ')::timestamp', zone) }}
    end
{%- endmacro %}

{# Whole seconds: the grain at which sources order what happened. #}
{% macro to_second(expression) -%}
    date_trunc('second', {{ expression }})
{%- endmacro %}

{# Seconds from one instant to another, exact. #}
{% macro seconds_between(start_at, end_at) -%}
    extract(epoch from ({{ end_at }} - {{ start_at }}))
{%- endmacro %}

{# N days in a clause are N times 24 hours, whatever the calendar and the clock change. #}
{% macro add_days(start_at, days) -%}
    ({{ start_at }} + make_interval(secs => ({{ days }})::numeric * 86400))
{%- endmacro %}

{# An instant as ISO 8601 text in UTC, with a fraction only where there is one. #}
{% macro iso_utc(expression) -%}
    (to_char({{ expression }} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS')
    || rtrim(rtrim(to_char({{ expression }} at time zone 'UTC', '.US'), '0'), '.') || 'Z')
{%- endmacro %}
