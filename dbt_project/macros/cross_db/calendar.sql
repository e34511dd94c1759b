{# Dates and their calendar: what each engine spells in its own way. Weeks are ISO weeks. #}

{# First day of the week, month, quarter or year of a date; `part` is a word or an expression. #}
{% macro period_start(part, day) -%}
    {{ adapter.dispatch('period_start', 'lead_handoff')(part, day) }}
{%- endmacro %}

{% macro postgres__period_start(part, day) -%}
    cast(date_trunc({{ part }}, cast({{ day }} as timestamp)) as date)
{%- endmacro %}

{# First day of the month or quarter after the one that begins on a date. #}
{% macro next_period(part, first_day) -%}
    {{ adapter.dispatch('next_period', 'lead_handoff')(part, first_day) }}
{%- endmacro %}

{% macro postgres__next_period(part, first_day) -%}
    cast({{ first_day }} + case {{ part }}
        when 'quarter' then interval '3 months' else interval '1 month'
    end as date)
{%- endmacro %}

{# A date some days, or some years, later; less than none is earlier. #}
{% macro add_calendar_days(day, days) -%}
    {{ adapter.dispatch('add_calendar_days', 'lead_handoff')(day, days) }}
{%- endmacro %}

{% macro postgres__add_calendar_days(day, days) -%}
    ({{ day }} + ({{ days }}))
{%- endmacro %}

{% macro add_calendar_years(day, years) -%}
    {{ adapter.dispatch('add_calendar_years', 'lead_handoff')(day, years) }}
{%- endmacro %}

{% macro postgres__add_calendar_years(day, years) -%}
    cast({{ day }} + interval '{{ years }} years' as date)
{%- endmacro %}

{# Weekday of a date, 1 being Monday; ISO week number; the year that this week belongs to. #}
{% macro iso_weekday(day) -%}
    {{ adapter.dispatch('iso_weekday', 'lead_handoff')(day) }}
{%- endmacro %}

{% macro postgres__iso_weekday(day) -%}
    cast(extract(isodow from {{ day }}) as integer)
{%- endmacro %}

{% macro iso_week(day) -%}
    {{ adapter.dispatch('iso_week', 'lead_handoff')(day) }}
{%- endmacro %}

{% macro postgres__iso_week(day) -%}
    cast(extract(week from {{ day }}) as integer)
{%- endmacro %}

{% macro iso_year(day) -%}
    {{ adapter.dispatch('iso_year', 'lead_handoff')(day) }}
{%- endmacro %}

{% macro postgres__iso_year(day) -%}
    cast(extract(isoyear from {{ day }}) as integer)
{%- endmacro %}

{# A relation of one column with every day between two dates, both included. #}
{% macro each_day(first_day, last_day) -%}
    {{ adapter.dispatch('each_day', 'lead_handoff')(first_day, last_day) }}
{%- endmacro %}

{% macro postgres__each_day(first_day, last_day) -%}
    generate_series({{ first_day }}, {{ last_day }}, interval '1 day')
{%- endmacro %}

{# The same with the first day of each month or quarter from that of a date on; correlated. #}
{% macro each_period(part, day, last_day) -%}
    {{ adapter.dispatch('each_period', 'lead_handoff')(part, day, last_day) }}
{%- endmacro %}

{% macro postgres__each_period(part, day, last_day) -%}
    lateral generate_series(
        date_trunc({{ part }}, cast({{ day }} as timestamp)),
        cast({{ last_day }} as timestamp),
        case {{ part }} when 'quarter' then interval '3 months' else interval '1 month' end
    )
{%- endmacro %}

{# A time of day (09:00, also 24:00) on a date of a zone, as an instant. #}
{% macro clock_instant(day, clock, zone) -%}
    {{ adapter.dispatch('clock_instant', 'lead_handoff')(day, clock, zone) }}
{%- endmacro %}

{% macro postgres__clock_instant(day, clock, zone) -%}
    {{ local_instant(day ~ ' + cast(' ~ clock ~ ' as interval)', zone) }}
{%- endmacro %}

{# Midnight at the start of a date of a zone. #}
{% macro midnight(day, zone) -%}
    {{ adapter.dispatch('midnight', 'lead_handoff')(day, zone) }}
{%- endmacro %}

{% macro postgres__midnight(day, zone) -%}
    {{ local_instant('cast(' ~ day ~ ' as timestamp)', zone) }}
{%- endmacro %}

{# First day of the month that the calendars of a zone show at an instant. #}
{% macro local_month(moment, zone) -%}
    {{ period_start("'month'", local_date(moment, zone)) }}
{%- endmacro %}
