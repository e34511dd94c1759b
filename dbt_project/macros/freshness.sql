{#
    When a source counts as stale: the one place of this rule, for the mart that shows it and for the
    gate that acts on it (expectations/suites/raw). Plain Jinja and SQL, so that both can read it.

    Something is as old as the days since its last change. It is stale when it is older than
    freshness_days (expectations/limits.yml) and than twice the longest pause of its own rhythm.
    Fewer than five days with changes show no rhythm, and are not judged: a handful of leads a year is
    a small company.
#}

{# How many days before as_of a rhythm is looked for in. #}
{% macro freshness_memory_days() %}180{% endmacro %}

{#
    Per source and unit: its last day with a change, on how many days something changed, and the
    longest pause between two of them. `changes` is a relation with source, unit and day.
#}
{% macro freshness_rhythms(changes) %}
    select
        pauses.source,
        pauses.unit,
        max(pauses.day) as newest_day,
        count(*) as days_with_changes,
        coalesce(max(pauses.days_between), 0) as longest_pause
    from (
        select
            days.source,
            days.unit,
            days.day,
            days.day - lag(days.day) over (
                partition by days.source, days.unit order by days.day
            ) as days_between
        from (select distinct source, unit, day from {{ changes }}) as days
    ) as pauses
    group by pauses.source, pauses.unit
{% endmacro %}

{# The agreed age of a source: its own in limits.yml, else the default. #}
{% macro freshness_days(source) -%}
    {%- set limits = var('freshness_days', {}) -%}
    case {{ source }}
        {%- for name in limits if limits is mapping and name != 'default' %}
        when '{{ name | replace("'", "''") }}' then {{ limits[name] }}
        {%- endfor %}
        when null then null else {{ limits['default'] if limits is mapping else 'null' }}
    end
{%- endmacro %}

{# The age in days beyond which a rhythm counts as broken; null where it shows none. #}
{% macro stale_after_days(rhythm, freshness_days) %}
    case
        when {{ rhythm }}.days_with_changes >= 5
            then greatest({{ freshness_days }}, 2 * {{ rhythm }}.longest_pause)
    end
{% endmacro %}
