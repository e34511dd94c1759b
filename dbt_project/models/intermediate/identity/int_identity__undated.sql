with changed as (

    select * from {{ ref('int_identity__changed_rows') }}

),

final as (

    {% for source_system, kind, relation, column in [
        ('salesforce', 'lead_or_contact', 'stg_salesforce__leads', 'lead_record_id'),
        ('marketo', 'lead_or_contact', 'stg_marketo__leads', 'lead_record_id'),
        ('hubspot', 'lead_or_contact', 'stg_hubspot__contacts', 'lead_record_id'),
        ('generic', 'lead_or_contact', 'stg_generic__leads', 'lead_record_id'),
        ('salesforce', 'opportunity', 'stg_salesforce__opportunities', 'opportunity_id'),
        ('hubspot', 'opportunity', 'stg_hubspot__deals', 'opportunity_id'),
        ('generic', 'opportunity', 'stg_generic__opportunities', 'opportunity_id'),
    ] %}
    {% if not loop.first %}union{% endif %}
    select changed.source_system, changed.kind, changed.record_id
    from changed
    inner join {{ ref(relation) }} as records on changed.record_id = records.{{ column }}
    where
        changed.source_system = '{{ source_system }}'
        and changed.kind = '{{ kind }}'
        and records.created_at is null
    {% endfor %}

)

select * from final
