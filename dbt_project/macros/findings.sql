{# A threshold of a rule as the agreement version sets it; the default where the version is silent. #}
{% macro threshold(rule, name, version, default) -%}
    coalesce(cast({{ value_by_version(rule, name, version) }} as numeric), {{ default }})
{%- endmacro %}

{# A threshold that is a text or a list of values joined by bars. #}
{% macro threshold_text(rule, name, version, default) -%}
    coalesce({{ value_by_version(rule, name, version) }}, '{{ default }}')
{%- endmacro %}

{# The text of a threshold, null where the version is silent; one read a statement, however many rows ask. #}
{% macro value_by_version(rule, name, version) -%}
    {%- set thresholds -%}
        select thresholds.agreement_version, thresholds.value
        from {{ ref('stg_agreement__thresholds') }} as thresholds
        where thresholds.rule = '{{ rule }}' and thresholds.threshold = '{{ name }}'
    {%- endset -%}
    {{ look_up(thresholds, version) }}
{%- endmacro %}

{# How many of these conditions hold; none of them may be null. #}
{% macro how_many(conditions) -%}
    {% for condition in conditions -%}
    {{ ' + ' if not loop.first }}cast({{ condition }} as integer)
    {%- endfor %}
{%- endmacro %}

{# Words by which the reason of a change tells that a machine made it; \w* stands for any ending. #}
{% macro automation_words() -%}
    {{ return(['automat\\w*', 'campaign', 'workflow', 'flow', 'timer', 'scheduled']) }}
{%- endmacro %}

{#
    An instant in a message, to the minute, in angle brackets: who the message is for, and so in which
    zone, is known only when all findings are put together; see in_zone.
#}
{% macro readable(moment) -%}
    {{ adapter.dispatch('readable', 'lead_handoff')(moment) }}
{%- endmacro %}

{% macro postgres__readable(moment) -%}
    to_char({{ moment }} at time zone 'UTC', '"<"YYYY-MM-DD"T"HH24:MI"Z>"')
{%- endmacro %}

{# A message with its instants as people of a zone read them: 2026-05-01 09:30 America/New_York. #}
{% macro in_zone(message, zone) -%}
    {{ adapter.dispatch('in_zone', 'lead_handoff')(message, zone) }}
{%- endmacro %}

{% macro postgres__in_zone(message, zone) -%}
    {{ target.schema }}.in_zone({{ message }}, {{ zone }})
{%- endmacro %}

{# Brackets that a source wrote itself stay as they are, whatever stands in them. #}
{% macro create_in_zone_function() %}
    create or replace function {{ target.schema }}.in_zone(message text, zone text)
    returns text language sql stable parallel safe as $$
        select string_agg(
            case
                when number = 1 then part
                when part ~ '^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}Z>'
                    and pg_input_is_valid(left(part, 17), 'timestamp with time zone')
                    then to_char(
                        cast(left(part, 17) as timestamp with time zone) at time zone zone,
                        'YYYY-MM-DD HH24:MI'
                    ) || ' ' || zone || substr(part, 19)
                else '<' || part
            end,
            '' order by number
        )
        from unnest(string_to_array(message, '<')) with ordinality as piece (part, number)
    $$
{% endmacro %}

{# Whether the register of allowed automations covers a change, as an exists condition. #}
{% macro is_allowed_automation(version, source_system, actor_id, campaign, reason, from_stage, to_stage) -%}
    exists (
        select 1
        from {{ ref('stg_agreement__allowed_automations') }} as allowed
        where
            allowed.agreement_version = {{ version }}
            and (allowed.source_system is null or allowed.source_system = {{ source_system }})
            and (allowed.user_id is not null or allowed.campaign is not null)
            and (allowed.user_id is null or allowed.user_id = {{ actor_id }})
            and (
                allowed.campaign is null
                or allowed.campaign = {{ campaign }}
                or strpos(lower({{ reason }}), lower(allowed.campaign)) > 0
            )
            and (allowed.from_stage is null or allowed.from_stage = {{ from_stage }})
            and (allowed.to_stage is null or allowed.to_stage = {{ to_stage }})
    )
{%- endmacro %}

{# How sure a finding is, by the number of its independent signals. #}
{% macro grade(signals) -%}
    case when {{ signals }} >= 3 then 'certain' when {{ signals }} = 2 then 'likely' else 'possible' end
{%- endmacro %}

{# A finding that is no more than possible is one step less severe than its rule; the lowest stays. #}
{% macro severity_of(severity, grade) -%}
    case
        when {{ grade }} <> 'possible' then {{ severity }}
        when {{ severity }} = 'critical' then 'warning'
        else 'info'
    end
{%- endmacro %}

{#
    Who did something, in a message: by the source's own id. Names of employees stand in dim_users alone.
#}
{% macro by_whom(user_id) -%}
    coalesce(' by ' || {{ user_id }}, '')
{%- endmacro %}

{# A stage with the value that the source calls it by, where it has one of its own. #}
{% macro stage_named(stage, raw_value) -%}
    {{ stage }} || coalesce(' ("' || {{ raw_value }} || '")', '')
{%- endmacro %}

{#
    The reason of a rejection at the end of a message. One that is not on the list was typed by a person;
    a page that outsiders may see leaves out what follows "reason: ".
#}
{% macro reason_told(reason, is_listed) -%}
    case
        when {{ is_listed }} then ', for the reason "' || {{ reason }} || '".'
        else ', reason: ' || coalesce({{ reason }}, 'none given') || '.'
    end
{%- endmacro %}

{# The automation that made a move, by its user or its campaign; null where none did. #}
{% macro machine_of(move) -%}
    case
        when {{ move }}.actor_type = 'automation'
            then coalesce({{ move }}.actor_id, {{ move }}.campaign)
    end
{%- endmacro %}
