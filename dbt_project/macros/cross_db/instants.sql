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
    {{ adapter.dispatch('local_instant', 'lead_handoff')(local_time, zone) }}
{%- endmacro %}

{% macro postgres__local_instant(local_time, zone) -%}
    {{ target.schema }}.local_instant({{ local_time }}, {{ zone }})
{%- endmacro %}

{#
    A landed text as an instant; without an offset it is read in the source's own zone. A date that
    stands for none is null (the var dates, which landing judges by too; see docs/landing.md).
#}
{% macro to_instant(expression, zone) -%}
    {{ adapter.dispatch('to_instant', 'lead_handoff')(expression, zone) }}
{%- endmacro %}

{% macro postgres__to_instant(expression, zone) -%}
    {%- set written = "left(" ~ expression ~ ", 10)" -%}
    {%- set instant = any_instant(expression, zone) -%}
    case
        -- The date as written tells it, but within two days of a limit, where the offset decides.
        when {{ is_date_written(written, 'inside') }} then {{ instant }}
        when {{ is_date_written(written, 'limits') }} then {{ real_instant(instant) }}
    end
{%- endmacro %}

{# An instant, or null where it lies outside the limits of real dates. #}
{% macro real_instant(expression) -%}
    {%- set dates = var('dates', {}) -%}
    case
        when
            {{ expression }} >= cast('{{ dates.begins }}' as {{ type_instant() }})
            and {{ expression }} < cast('{{ dates.ends }}' as {{ type_instant() }})
            then {{ expression }}
    end
{%- endmacro %}

{#
    Whether a date, written YYYY-MM-DD, is no stand-in and lies well inside the limits, or near enough
    that an offset may carry it over one. Bytes compare such texts as calendars do.
#}
{% macro is_date_written(expression, where) -%}
    {%- set dates = var('dates', {}) -%}
    {%- if where == 'inside' -%}
    {{ bytewise(expression) }} between '{{ dates.inside_from }}' and '{{ dates.inside_to }}'
    {%- else -%}
    {{ bytewise(expression) }} between '{{ dates.around_from }}' and '{{ dates.around_to }}'
    {%- endif %}
    {%- for day in dates.stand_ins %}
            and {{ expression }} <> '{{ day }}'
    {%- endfor %}
{%- endmacro %}

{# A landed text as a date; a date that stands for none is null. #}
{% macro to_date(expression) -%}
    {{ adapter.dispatch('to_date', 'lead_handoff')(expression) }}
{%- endmacro %}

{% macro postgres__to_date(expression) -%}
    {%- set written = "left(" ~ expression ~ ", 10)" -%}
    {%- set dates = var('dates', {}) -%}
    case
        when
            {{ bytewise(written) }} between '{{ dates.earliest }}' and '{{ dates.latest }}'
            {%- for day in dates.stand_ins %}
            and {{ written }} <> '{{ day }}'
            {%- endfor %}
            then cast({{ written }} as date)
    end
{%- endmacro %}

{# A landed text as a whole number, and as a number. #}
{% macro to_integer(expression) -%}
    cast({{ expression }} as integer)
{%- endmacro %}

{% macro to_number(expression) -%}
    cast({{ expression }} as numeric)
{%- endmacro %}

{#
    Whether a text of a history is a number that can be held: digits as lead_handoff.value_rules has
    them for columns.
#}
{% macro is_number(expression) -%}
    {{ matches('trim(' ~ expression ~ ')', '^[+-]?[0-9]{1,20}([.][0-9]{1,40})?$') }}
{%- endmacro %}

{# A text as an instant, whatever its date. #}
{% macro any_instant(expression, zone) -%}
    {{ adapter.dispatch('any_instant', 'lead_handoff')(expression, zone) }}
{%- endmacro %}

{% macro postgres__any_instant(expression, zone) -%}
    case
        when {{ expression }} ~ '[0-9:.](Z|z| ?[+-][0-9]{2}(:?[0-9]{2})?)$' and length({{ expression }}) > 10
            then cast({{ expression }} as timestamp with time zone)
        when {{ expression }} is not null
            then {{ local_instant('cast(' ~ expression ~ ' as timestamp)', zone) }}
    end
{%- endmacro %}

{# Whole seconds: the grain at which sources order what happened. #}
{% macro to_second(expression) -%}
    {{ adapter.dispatch('to_second', 'lead_handoff')(expression) }}
{%- endmacro %}

{% macro postgres__to_second(expression) -%}
    date_trunc('second', {{ expression }})
{%- endmacro %}

{# Seconds from one instant to another, exact. #}
{% macro seconds_between(start_at, end_at) -%}
    {{ adapter.dispatch('seconds_between', 'lead_handoff')(start_at, end_at) }}
{%- endmacro %}

{% macro postgres__seconds_between(start_at, end_at) -%}
    extract(epoch from ({{ end_at }} - {{ start_at }}))
{%- endmacro %}

{# N days in a clause are N times 24 hours, whatever the calendar and the clock change. #}
{% macro add_days(start_at, days) -%}
    {{ adapter.dispatch('add_days', 'lead_handoff')(start_at, days) }}
{%- endmacro %}

{% macro postgres__add_days(start_at, days) -%}
    ({{ start_at }} + make_interval(secs => ({{ days }})::numeric * 86400))
{%- endmacro %}

{# An instant as ISO 8601 text in UTC, with a fraction only where there is one. #}
{% macro iso_utc(expression) -%}
    {{ adapter.dispatch('iso_utc', 'lead_handoff')(expression) }}
{%- endmacro %}

{% macro postgres__iso_utc(expression) -%}
    (to_char({{ expression }} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS')
    || rtrim(rtrim(to_char({{ expression }} at time zone 'UTC', '.US'), '0'), '.') || 'Z')
{%- endmacro %}

{# The same with a fraction always, so that it can stand in an id. #}
{% macro iso_utc_fixed(expression) -%}
    {{ adapter.dispatch('iso_utc_fixed', 'lead_handoff')(expression) }}
{%- endmacro %}

{% macro postgres__iso_utc_fixed(expression) -%}
    to_char({{ expression }} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')
{%- endmacro %}

{# The type of a text of any length. #}
{% macro type_text() -%}
    {{ adapter.dispatch('type_text', 'lead_handoff')() }}
{%- endmacro %}

{% macro postgres__type_text() %}text{% endmacro %}

{# The type of an instant: a moment on the world's time line, whatever the session's zone. #}
{% macro type_instant() -%}
    {{ adapter.dispatch('type_instant', 'lead_handoff')() }}
{%- endmacro %}

{% macro postgres__type_instant() %}timestamp with time zone{% endmacro %}

{# Before every instant, and after every one: the open ends of a span. #}
{% macro beginning_of_time() -%}
    {{ adapter.dispatch('beginning_of_time', 'lead_handoff')() }}
{%- endmacro %}

{% macro postgres__beginning_of_time() %}cast('-infinity' as timestamp with time zone){% endmacro %}

{% macro end_of_time() -%}
    {{ adapter.dispatch('end_of_time', 'lead_handoff')() }}
{%- endmacro %}

{% macro postgres__end_of_time() %}cast('infinity' as timestamp with time zone){% endmacro %}

{# An instant to count from: midnight UTC at the start of 2000. #}
{% macro beginning_of_2000() -%}
    cast('2000-01-01 00:00:00+00' as {{ type_instant() }})
{%- endmacro %}

{# So many seconds later. #}
{% macro add_seconds(start_at, seconds) -%}
    {{ adapter.dispatch('add_seconds', 'lead_handoff')(start_at, seconds) }}
{%- endmacro %}

{% macro postgres__add_seconds(start_at, seconds) -%}
    ({{ start_at }} + make_interval(secs => {{ seconds }}))
{%- endmacro %}

{# The minute of an instant: what happens in one minute may be one batch. #}
{% macro to_minute(expression) -%}
    {{ adapter.dispatch('to_minute', 'lead_handoff')(expression) }}
{%- endmacro %}

{% macro postgres__to_minute(expression) -%}
    date_trunc('minute', {{ expression }})
{%- endmacro %}

{# The start of the span of so many minutes that an instant lies in, counted from 1970. #}
{% macro to_span(expression, minutes) -%}
    {{ adapter.dispatch('to_span', 'lead_handoff')(expression, minutes) }}
{%- endmacro %}

{% macro postgres__to_span(expression, minutes) -%}
    to_timestamp(floor(extract(epoch from {{ expression }}) / (60 * {{ minutes }})) * 60 * {{ minutes }})
{%- endmacro %}

{# The date that the calendars of a zone show at an instant. #}
{% macro local_date(moment, zone) -%}
    {{ adapter.dispatch('local_date', 'lead_handoff')(moment, zone) }}
{%- endmacro %}

{% macro postgres__local_date(moment, zone) -%}
    cast({{ moment }} at time zone {{ zone }} as date)
{%- endmacro %}

{# The time of day that the clocks of a zone show at an instant, to the second. #}
{% macro local_time(moment, zone) -%}
    {{ adapter.dispatch('local_time', 'lead_handoff')(moment, zone) }}
{%- endmacro %}

{% macro postgres__local_time(moment, zone) -%}
    cast(date_trunc('second', {{ moment }}) at time zone {{ zone }} as time)
{%- endmacro %}
