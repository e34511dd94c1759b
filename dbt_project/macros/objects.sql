{# The objects of the sources, by what they are to a handoff. #}

{# Whether an object of the agreement holds leads. #}
{% macro is_lead_object(expression) -%}
    lower({{ expression }}) in ('lead', 'leads', 'contacts')
{%- endmacro %}

{# Whether an object of the agreement holds opportunities. #}
{% macro is_opportunity_object(expression) -%}
    lower({{ expression }}) in ('opportunity', 'opportunities', 'deals')
{%- endmacro %}

{# The name of a system's object that holds opportunities, as the agreement writes it. #}
{% macro opportunity_object(source_system) -%}
    case {{ source_system }}
        when 'salesforce' then 'Opportunity' when 'hubspot' then 'deals' else 'opportunities'
    end
{%- endmacro %}

{# The field of such an object that tells its stage. #}
{% macro opportunity_stage_field(source_system) -%}
    case {{ source_system }}
        when 'salesforce' then 'StageName' when 'hubspot' then 'dealstage' else 'stage'
    end
{%- endmacro %}

{#
    The id of a stage event. Objects number their rows as they like, so the object is part of it, but
    for events of the lead's own object: these had their ids before other objects told stages.
#}
{% macro stage_event_id(source_system, object_name, source_event_id) -%}
    case
        when {{ is_lead_object(object_name) }}
            then {{ hash_id([source_system, source_event_id]) }}
        else {{ hash_id([source_system, object_name, source_event_id]) }}
    end
{%- endmacro %}
