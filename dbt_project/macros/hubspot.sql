{#
    What HubSpot's history of properties tells, and what it leaves to be worked out: who changed a
    value, and what it was before.
#}

{#
    Columns of a landed entry. HubSpot names the tool that wrote a value: in a person's tools the user
    who is named did it; a workflow, an integration or HubSpot itself has no user. Of any other tool it
    is unknown. A label may be a person's name, so it is read of what runs by itself only.
#}
{% macro property_change_columns() -%}
    landed.property as field_name,
    landed.value as new_value,
    {{ to_instant('landed.timestamp', source_zone('hubspot')) }} as occurred_at,
    case
        when landed.source_type in (
            'CRM_UI', 'CRM_UI_BULK_ACTION', 'CONTACTS_WEB', 'MOBILE_IOS', 'MOBILE_ANDROID'
        ) then landed.updated_by_user_id
    end as actor_user_id,
    case
        when landed.source_type in (
            'AUTOMATION_PLATFORM', 'WORKFLOWS', 'SEQUENCES', 'CALCULATED', 'TASK', 'DEALS',
            'API', 'BATCH_UPDATE', 'INTEGRATION', 'INTEGRATIONS_PLATFORM', 'INTEGRATIONS_SYNC',
            'SALESFORCE', 'FORM', 'ANALYTICS', 'BOT'
        ) then coalesce(landed.source_label, landed.source_type)
    end as campaign,
    landed.source_type as reason
{%- endmacro %}

{# Columns that HubSpot's four kinds of engagements have in common. #}
{% macro engagement_columns() -%}
    landed.hubspot_owner_id as user_id,
    {{ to_list('landed.contact_ids') }} as contact_ids,
    {{ to_instant('coalesce(landed.hs_createdate, landed.created_at)', source_zone('hubspot')) }}
        as recorded_at
{%- endmacro %}

{#
    The entries of a relation, each with what its property was before and with its actor as an owner.
    HubSpot tells no former value: it is that of the entry before, by time and then by id. A user who
    is no owner keeps his own id, marked as one, because the two kinds of ids may be alike.
#}
{% macro property_changes(entries, record_id) -%}
    select
        entries.*,
        lag(new_value) over (
            partition by {{ record_id }}, field_name order by occurred_at, {{ bytewise('change_id') }}
        ) as old_value,
        coalesce(owners.user_id, 'user:' || entries.actor_user_id) as actor_id
    from (
        {{ rank_versions(entries, 'change_id') }}
    ) as entries
    left join {{ ref('int_leads__hubspot_users') }} as owners
        on entries.actor_user_id = owners.hubspot_user_id
    where entries.version_rank = 1
{%- endmacro %}
