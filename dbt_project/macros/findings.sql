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

{# An instant as people of a zone read it: 2026-05-01 09:30 America/New_York. #}
{% macro readable(moment, zone) -%}
    {{ adapter.dispatch('readable', 'lead_handoff')(moment, zone) }}
{%- endmacro %}

{% macro postgres__readable(moment, zone) -%}
    (to_char({{ moment }} at time zone {{ zone }}, 'YYYY-MM-DD HH24:MI') || ' ' || {{ zone }})
{%- endmacro %}

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
