{#
    Who made a change: a user on the automation list is a machine whatever the source calls it, a
    change without a user that a campaign made is a machine's, any other known user is a person, and
    the rest is unknown, which never counts as a person.
#}
{% macro actor_type(actor_id, automation_user_id, known_user_id, campaign, reason) -%}
    case
        when {{ automation_user_id }} is not null then 'automation'
        when {{ actor_id }} is null and ({{ campaign }} is not null or {{ reason }} ~* 'campaign')
            then 'automation'
        when {{ known_user_id }} is not null then 'human'
        else 'unknown'
    end
{%- endmacro %}
