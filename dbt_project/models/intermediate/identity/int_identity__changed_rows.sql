with run as (

    select * from {{ source('build', 'build_context') }}

),

news as (

    {% for source_system, relation, column in [
        ('salesforce', 'stg_salesforce__leads', 'lead_record_id'),
        ('salesforce', 'stg_salesforce__lead_histories', 'lead_record_id'),
        ('salesforce', 'stg_salesforce__campaign_members', 'person_id'),
        ('salesforce', 'stg_salesforce__tasks', 'who_id'),
        ('salesforce', 'stg_salesforce__events', 'who_id'),
        ('marketo', 'stg_marketo__leads', 'lead_record_id'),
        ('marketo', 'stg_marketo__activities', 'lead_record_id'),
        ('marketo', 'int_identity__marketo_merges', 'loser_id'),
        ('generic', 'stg_generic__leads', 'lead_record_id'),
        ('generic', 'stg_generic__lead_events', 'lead_record_id'),
        ('generic', 'stg_generic__activities', 'lead_record_id'),
        ('generic', 'stg_generic__opportunities', 'lead_record_id'),
        ('hubspot', 'stg_hubspot__contacts', 'lead_record_id'),
        ('hubspot', 'stg_hubspot__contact_property_histories', 'lead_record_id'),
        ('hubspot', 'int_identity__hubspot_merges', 'loser_id'),
        ('hubspot', 'int_identity__hubspot_associations', 'contact_id'),
    ] %}
    {% if not loop.first %}union all{% endif %}
    select
        '{{ source_system }}' as source_system, 'lead_or_contact' as kind, {{ column }} as record_id
    from {{ ref(relation) }}
    cross join run
    where {{ column }} is not null and ({{ is_news() }})
    {% endfor %}

    {% for source_system, relation in [
        ('salesforce', 'stg_salesforce__opportunities'),
        ('salesforce', 'stg_salesforce__opportunity_field_histories'),
        ('salesforce', 'stg_salesforce__opportunity_histories'),
        ('generic', 'stg_generic__opportunities'),
        ('hubspot', 'stg_hubspot__deals'),
        ('hubspot', 'stg_hubspot__deal_property_histories'),
    ] %}
    union all
    select
        '{{ source_system }}' as source_system, 'opportunity' as kind, opportunity_id as record_id
    from {{ ref(relation) }}
    cross join run
    where {{ is_news() }}
    {% endfor %}

    union all
    select 'salesforce' as source_system, 'lead_or_contact' as kind, contact_id as record_id
    from {{ ref('stg_salesforce__opportunity_contact_roles') }}
    cross join run
    where contact_id is not null and ({{ is_news() }})

),

final as (

    select distinct source_system, kind, record_id
    from news

)

select * from final
