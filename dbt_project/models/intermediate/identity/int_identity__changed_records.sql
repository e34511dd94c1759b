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

known_before as (

    {{ previous_rows('int_identity__all_lead_ids', ['source_system', 'record_id', 'lead_id']) }}

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

    -- The times of these are read otherwise from tonight on.
    select records.source_system, records.record_id
    from records
    inner join {{ ref('int_times__turned_sources') }} as turned_sources
        on records.source_system = turned_sources.source_system

    union

    select known_before.source_system, known_before.record_id
    from {{ ref('int_identity__recalled_leads') }} as recalled_leads
    inner join known_before on recalled_leads.lead_id = known_before.lead_id

),

final as (

    select source_system, record_id from changed

)

select * from final
