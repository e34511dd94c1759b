with run as (

    select as_of from {{ source('build', 'build_context') }}

),

waiting as (

    select
        'salesforce' as source_system,
        change_id,
        lead_record_id,
        field_name,
        new_value,
        occurred_at,
        occurred_at as recorded_at
    from {{ ref('stg_salesforce__waiting_lead_histories') }}

    union

    select 'marketo', change_id, lead_record_id, field_name, new_value, occurred_at, occurred_at
    from {{ ref('stg_marketo__waiting_activities') }}

    union

    select 'hubspot', change_id, lead_record_id, field_name, new_value, occurred_at, occurred_at
    from {{ ref('stg_hubspot__waiting_contact_property_histories') }}

    union

    select 'generic', change_id, lead_record_id, field_name, new_value, occurred_at, recorded_at
    from {{ ref('stg_generic__lead_events') }}

),

lead_ids as (

    select source_system, record_id, lead_id from {{ ref('int_identity__all_lead_ids') }}

),

versions as (

    select agreement_version, in_force_from, in_force_to from {{ ref('int_agreement__versions') }}

),

stage_map as (

    select * from {{ ref('stg_agreement__stage_map') }}
    where {{ is_lead_object('object_name') }} and stage <> 'none'

),

final as (

    -- A stage event dated at or after as_of: it makes no move yet, and may still be a finding.
    select
        {{ hash_id(['waiting.source_system', 'waiting.change_id']) }} as event_id,
        lead_ids.lead_id,
        waiting.occurred_at,
        waiting.recorded_at,
        stage_map.stage,
        waiting.source_system,
        waiting.new_value as raw_value
    from waiting
    cross join run
    inner join lead_ids
        on
            waiting.source_system = lead_ids.source_system
            and waiting.lead_record_id = lead_ids.record_id
    inner join versions
        on
            waiting.occurred_at >= versions.in_force_from
            and waiting.occurred_at < versions.in_force_to
    inner join stage_map
        on
            versions.agreement_version = stage_map.agreement_version
            and waiting.source_system = stage_map.source_system
            and waiting.field_name = stage_map.history_name
            and waiting.new_value = stage_map.value
    where waiting.occurred_at >= run.as_of

)

select * from final
