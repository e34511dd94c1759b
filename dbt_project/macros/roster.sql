{# Joins the roster's line of a user, whose id is the source system's own, under an agreement version. #}
{% macro join_roster(version, source_system, user_id) -%}
    left join roster
        on
            {{ version }} = roster.agreement_version
            and {{ source_system }} = roster.source_system
            and {{ user_id }} = roster.user_id
{%- endmacro %}
