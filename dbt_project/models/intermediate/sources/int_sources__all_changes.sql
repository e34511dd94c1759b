{{ config(
    materialized='incremental',
    incremental_strategy='append',
    indexes=[{'columns': ['source_system', 'object_name', 'change_day']}]
) }}
{%- set objects = {
    'salesforce': {
        'Lead': 'leads', 'LeadHistory': 'lead_histories', 'Task': 'tasks', 'Event': 'events',
        'User': 'users', 'Group': 'queues', 'Opportunity': 'opportunities',
        'OpportunityFieldHistory': 'opportunity_field_histories',
        'OpportunityHistory': 'opportunity_histories',
        'OpportunityContactRole': 'opportunity_contact_roles',
        'CampaignMember': 'campaign_members',
    },
    'marketo': {'leads': 'leads', 'activities': 'activities'},
    'hubspot': {
        'contacts': 'contacts', 'contact_property_history': 'contact_property_histories',
        'calls': 'calls', 'emails': 'emails', 'meetings': 'meetings', 'tasks': 'tasks',
        'deals': 'deals', 'deal_property_history': 'deal_property_histories', 'owners': 'owners',
    },
    'generic': {
        'leads': 'leads', 'lead_events': 'lead_events', 'activities': 'activities',
        'users': 'users', 'opportunities': 'opportunities',
    },
} %}

with run as (

    select * from {{ source('build', 'build_context') }}

),

news as (

    {% for source_system, models in objects.items() %}
    {% set is_last_source = loop.last %}
    {% for object_name, model in models.items() %}
    select
        '{{ source_system }}' as source_system,
        '{{ object_name }}' as object_name,
        {{ local_date('version_stamp', "'UTC'") }} as change_day,
        max(version_stamp) filter (
            where {{ json_value('record', "'_stamp_from_folder'") }} = 'false'
        ) as newest_stamp
    from {{ ref('stg_' ~ source_system ~ '__' ~ model) }}
    cross join run
    where {{ is_news() }}
    group by {{ local_date('version_stamp', "'UTC'") }}
    {{ 'union all' if not (is_last_source and loop.last) }}
    {% endfor %}
    {% endfor %}

),

-- Stamps do not change and versions are only ever added: a night looks at those that are news. Of
-- folders nothing is kept, since a late one moves a version to an earlier night; a stamp that is
-- only the folder's date says nothing of a change, and is asked of what an index found to be news.
final as (

    select
        source_system,
        object_name,
        change_day,
        newest_stamp
    from news
    where newest_stamp is not null

)

select * from final
