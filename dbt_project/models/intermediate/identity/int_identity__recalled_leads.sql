with run as (

    select * from {{ source('build', 'build_context') }}

),

changed_rows as (

    select * from {{ ref('int_identity__changed_rows') }}
    where kind = 'opportunity'

),

acted_before as (

    {{ previous_rows('int_events__all_stage_events', ['source_system', 'actor_id', 'lead_id']) }}

),

owned_before as (

    {{ previous_rows(
        'int_opportunities__all_of_leads', ['source_system', 'opportunity_id', 'lead_id']
    ) }}

),

changed_users as (

    {% for source_system, relation in [
        ('salesforce', 'stg_salesforce__users'),
        ('generic', 'stg_generic__users'),
        ('hubspot', 'int_leads__hubspot_user_ids'),
    ] %}
    {% if not loop.first %}union all{% endif %}
    select '{{ source_system }}' as source_system, user_id from {{ ref(relation) }}
    cross join run
    where not run.is_full and ({{ is_news() }})
    {% endfor %}

),

final as (

    -- A user who becomes known turns an unknown actor into a person.
    select acted_before.lead_id
    from changed_users
    inner join acted_before
        on
            changed_users.source_system = acted_before.source_system
            and changed_users.user_id = acted_before.actor_id

    union

    -- An opportunity may be another lead's now.
    select owned_before.lead_id
    from changed_rows
    inner join owned_before
        on
            changed_rows.source_system = owned_before.source_system
            and changed_rows.record_id = owned_before.opportunity_id

)

select * from final
