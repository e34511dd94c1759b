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

    select agreement_version, in_force_from, in_force_to, time_zone
    from {{ ref('int_agreement__versions') }}

),

stage_map as (

    select * from {{ ref('stg_agreement__stage_map') }}
    where {{ is_lead_object('object_name') }} and stage <> 'none'

),

time_columns as (

    select * from {{ ref('int_times__columns') }}

),

mapped as (

    -- A stage event dated at or after as_of: it makes no move yet, and may still be a finding.
    select
        {{ hash_id(['waiting.source_system', 'waiting.change_id']) }} as event_id,
        lead_ids.lead_id,
        waiting.occurred_at,
        waiting.recorded_at,
        stage_map.stage,
        waiting.source_system,
        waiting.new_value as raw_value,
        {{ zone_of_day('waiting.occurred_at', 'versions.time_zone', 'time_columns') }} as day_zone,
        {{ zone_of_day('waiting.recorded_at', 'versions.time_zone', 'recorded_columns') }}
            as recorded_day_zone
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
    inner join time_columns
        on time_columns.time_column = {{ time_column_of('lead changed', 'waiting.source_system') }}
    inner join time_columns as recorded_columns
        on
            recorded_columns.time_column
            = {{ time_column_of('lead change recorded', 'waiting.source_system') }}
    inner join stage_map
        on
            versions.agreement_version = stage_map.agreement_version
            and waiting.source_system = stage_map.source_system
            and waiting.field_name = stage_map.history_name
            and waiting.new_value = stage_map.value
    where waiting.occurred_at >= run.as_of

),

final as (

    select
        mapped.*,
        {{ earliest_at('occurred_at', 'day_zone') }} as earliest_at,
        {{ latest_at('occurred_at', 'day_zone') }} as latest_at,
        {{ earliest_at('recorded_at', 'recorded_day_zone') }} as recorded_from,
        {{ latest_at('recorded_at', 'recorded_day_zone') }} as recorded_until
    from mapped

)

select * from final
