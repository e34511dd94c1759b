with records as (

    select * from {{ ref('int_identity__affected_records') }}

),

run as (

    select as_of from {{ source('build', 'build_context') }}

),

stage_fields as (

    select distinct
        source_system, object_name, history_name, field_name as record_field,
        {{ landed_column('field_name') }} as landed_column,
        min({{ bytewise('history_name') }}) over (partition by source_system, object_name)
            as first_history_name
    from {{ ref('stg_agreement__stage_map') }}
    where {{ is_lead_object('object_name') }}

),

changes as (

    select * from {{ ref('int_events__ordered_changes') }}
    where is_stage_field

),

versions as (

    select agreement_version, in_force_from, in_force_to from {{ ref('int_agreement__versions') }}

),

stage_map as (

    select * from {{ ref('stg_agreement__stage_map') }}

),

first_changes as (

    select source_system, record_id, field_name, old_value from changes
    where chain_position = 1

),

initial as (

    -- A record's status at creation is the old value of its first status change, else its current
    -- status; a first change without an old value means that it was created without a status.
    select
        records.lead_id,
        records.source_system,
        records.record_id,
        stage_fields.object_name,
        stage_fields.history_name,
        stage_fields.record_field,
        case
            when stage_fields.history_name = stage_fields.first_history_name then ''
            else ':' || stage_fields.history_name
        end as told_apart_by,
        records.created_at,
        records.created_by_id,
        case
            when first_changes.record_id is not null then first_changes.old_value
            else {{ json_text('records.record', 'stage_fields.landed_column') }}
        end as initial_value
    from records
    inner join stage_fields on records.source_system = stage_fields.source_system
    left join first_changes
        on
            records.source_system = first_changes.source_system
            and records.record_id = first_changes.record_id
            and stage_fields.history_name = first_changes.field_name

),

final as (

    select
        initial.lead_id,
        initial.source_system,
        initial.record_id,
        initial.history_name as field_name,
        initial.object_name,
        initial.record_field,
        initial.object_name || ':' || initial.record_id || ':created' || initial.told_apart_by
            as source_event_id,
        initial.initial_value as raw_value,
        stage_map.stage as mapped_stage,
        stage_map.is_authority,
        versions.agreement_version,
        initial.created_at as occurred_at,
        {{ to_second('initial.created_at') }} as occurred_second,
        initial.created_by_id as actor_id
    from initial
    cross join run
    inner join versions
        on
            initial.created_at >= versions.in_force_from
            and initial.created_at < versions.in_force_to
    left join stage_map
        on
            versions.agreement_version = stage_map.agreement_version
            and initial.source_system = stage_map.source_system
            and initial.object_name = stage_map.object_name
            and initial.history_name = stage_map.history_name
            and initial.initial_value = stage_map.value
    where initial.initial_value is not null and initial.created_at < run.as_of

)

select * from final
