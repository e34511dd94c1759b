{#
    Business time by prefix sums. Every working window of a calendar knows how many working seconds
    lie before it, so the working seconds before an instant are one index look-up, and a due time is
    the inverse look-up. Rule: business_minutes(a, b) counts the working time in [a, b); a due time is
    the earliest instant by which the promised time has passed, so an instant at closing time stays
    that closing time.
#}

{# Working seconds of a calendar before an instant, as a scalar subquery. #}
{% macro business_seconds_before(version, calendar, moment) -%}
    {{ adapter.dispatch('business_seconds_before', 'lead_handoff')(version, calendar, moment) }}
{%- endmacro %}

{% macro postgres__business_seconds_before(version, calendar, moment) -%}
    coalesce((
        select
            windows.seconds_before
            + least({{ seconds_between('windows.opens_at', moment) }}, windows.open_seconds)
        from {{ ref('int_agreement__working_windows') }} as windows
        where
            windows.agreement_version = {{ version }}
            and windows.calendar = {{ calendar }}
            and windows.opens_at <= {{ moment }}
        order by windows.opens_at desc
        limit 1
    ), 0)
{%- endmacro %}

{# Working seconds in [start_at, end_at); 0 where the end lies before the start. #}
{% macro business_seconds(version, calendar, start_at, end_at) -%}
    greatest(
        {{ business_seconds_before(version, calendar, end_at) }}
        - {{ business_seconds_before(version, calendar, start_at) }},
        0
    )
{%- endmacro %}

{# The instant at which so many working seconds have passed since start_at; 0 gives the start itself. #}
{% macro add_business_seconds(version, calendar, start_at, seconds) -%}
    {{ adapter.dispatch('add_business_seconds', 'lead_handoff')(version, calendar, start_at, seconds) }}
{%- endmacro %}

{% macro postgres__add_business_seconds(version, calendar, start_at, seconds) -%}
    case
        when ({{ seconds }}) <= 0 then {{ start_at }}
        when {{ start_at }} is not null then (
            select
                windows.opens_at + make_interval(secs =>
                    {{ business_seconds_before(version, calendar, start_at) }}
                    + ({{ seconds }}) - windows.seconds_before
                )
            from {{ ref('int_agreement__working_windows') }} as windows
            where
                windows.agreement_version = {{ version }}
                and windows.calendar = {{ calendar }}
                and windows.seconds_before
                < {{ business_seconds_before(version, calendar, start_at) }} + ({{ seconds }})
            order by windows.seconds_before desc
            limit 1
        )
    end
{%- endmacro %}
