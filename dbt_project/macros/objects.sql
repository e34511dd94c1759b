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
    Whether lines of the stage map are of an opportunity's own stages, which a history tells. The plain
    CSV route has none: its records say themselves how they ended.
#}
{% macro is_deal_stage(source_system, object_name) -%}
    ({{ source_system }}, lower({{ object_name }})) in (('salesforce', 'opportunity'), ('hubspot', 'deals'))
{%- endmacro %}
