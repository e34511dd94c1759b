with run as (

    select * from {{ source('build', 'build_context') }}

),

changed_rows as (

    select * from {{ ref('int_identity__changed_rows') }}

),

records as (

    select source_system, record_id, contact_id, opportunity_id
    from {{ ref('int_identity__all_records') }}

),

contact_roles as (

    select contact_id, opportunity_id from {{ ref('stg_salesforce__opportunity_contact_roles') }}

),

waiting as (

    {{ previous_rows('int_identity__all_wake_ups', ['source_system', 'record_id', 'wakes_at']) }}

),

acted_before as (

    {{ previous_rows('int_events__all_stage_events', ['source_system', 'actor_id', 'lead_id']) }}

),

known_before as (

    {{ previous_rows('int_identity__all_lead_ids', ['source_system', 'record_id', 'lead_id']) }}

),

changed_users as (

    {% for source_system, relation in [
        ('salesforce', 'stg_salesforce__users'), ('generic', 'stg_generic__users')
    ] %}
    {% if not loop.first %}union all{% endif %}
    select '{{ source_system }}' as source_system, user_id from {{ ref(relation) }}
    cross join run
    where not run.is_full and ({{ is_news() }})
    {% endfor %}

),

changed as (

    -- An activity or a contact role of a converted lead names its contact.
    {% for column, kind in [
        ('record_id', 'lead_or_contact'), ('contact_id', 'lead_or_contact'),
        ('opportunity_id', 'opportunity'),
    ] %}
    select records.source_system, records.record_id
    from changed_rows
    inner join records
        on
            changed_rows.source_system = records.source_system
            and changed_rows.record_id = records.{{ column }}
    where changed_rows.kind = '{{ kind }}'

    union

    {% endfor %}
    select records.source_system, records.record_id
    from changed_rows
    inner join contact_roles on changed_rows.record_id = contact_roles.opportunity_id
    inner join records on contact_roles.contact_id = records.contact_id
    where
        changed_rows.source_system = 'salesforce'
        and changed_rows.kind = 'opportunity'
        and records.source_system = 'salesforce'

    union

    -- Rows landed earlier but dated after the last as_of: their moment has come.
    select waiting.source_system, waiting.record_id
    from waiting
    cross join run
    where cast(waiting.wakes_at as {{ type_instant() }}) < run.as_of

    union

    -- A user who becomes known turns an unknown actor into a person.
    select known_before.source_system, known_before.record_id
    from changed_users
    inner join acted_before
        on
            changed_users.source_system = acted_before.source_system
            and changed_users.user_id = acted_before.actor_id
    inner join known_before on acted_before.lead_id = known_before.lead_id

),

final as (

    select source_system, record_id from changed

)

select * from final
