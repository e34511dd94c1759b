with undated as (

    select * from {{ ref('int_identity__undated') }}

),

-- Each system's own rows are joined, so that an index of the landed table finds them.
moments as (

    {% for kind, relation, moment in [
        ('lead_or_contact', 'stg_salesforce__leads', 'version_stamp'),
        ('lead_or_contact', 'stg_marketo__leads', 'version_stamp'),
        ('lead_or_contact', 'stg_hubspot__contacts', 'version_stamp'),
        ('lead_or_contact', 'stg_generic__leads', 'version_stamp'),
        ('lead_or_contact', 'stg_salesforce__lead_histories', 'occurred_at'),
        ('lead_or_contact', 'stg_generic__lead_events', 'occurred_at'),
        ('lead_or_contact', 'stg_hubspot__contact_property_histories', 'occurred_at'),
        ('opportunity', 'stg_salesforce__opportunities', 'version_stamp'),
        ('opportunity', 'stg_hubspot__deals', 'version_stamp'),
        ('opportunity', 'stg_generic__opportunities', 'version_stamp'),
        (
            'opportunity', 'stg_salesforce__opportunities',
            'case when is_closed then coalesce(last_stage_change_at, close_date_at) end',
        ),
        ('opportunity', 'stg_hubspot__deals', 'case when is_closed then closed_at end'),
        ('opportunity', 'stg_generic__opportunities', 'case when is_closed then closed_at end'),
        ('opportunity', 'stg_salesforce__opportunity_field_histories', 'occurred_at'),
        ('opportunity', 'stg_salesforce__opportunity_histories', 'occurred_at'),
        ('opportunity', 'stg_hubspot__deal_property_histories', 'occurred_at'),
    ] %}
    select
        undated.source_system, undated.kind, undated.record_id,
        {{ moment }} as moment
    from undated
    inner join {{ ref(relation) }} as told
        on
            undated.source_system = '{{ relation.split('_')[1] }}'
            and undated.kind = '{{ kind }}'
            and undated.record_id
            = told.{{ 'opportunity_id' if kind == 'opportunity' else 'lead_record_id' }}

    union all

    {% endfor %}
    select undated.source_system, undated.kind, undated.record_id, told.occurred_at
    from undated
    inner join {{ ref('stg_marketo__activities') }} as told
        on undated.source_system = 'marketo' and undated.record_id = told.lead_record_id
    where told.activity_type_id in (13, 22)

),

final as (

    select source_system, kind, record_id, min(moment) as created_at
    from moments
    group by source_system, kind, record_id

)

select * from final
