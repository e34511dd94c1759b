{{ config(materialized='view') }}

with changes as (

    select * from {{ ref('int_events__field_changes') }}

),

versions as (

    select agreement_version, in_force_from, in_force_to, time_zone
    from {{ ref('int_agreement__versions') }}

),

stage_map as (

    select * from {{ ref('stg_agreement__stage_map') }}
    where {{ is_lead_object('object_name') }}

),

stage_fields as (

    select
        source_system,
        history_name,
        min(object_name) as object_name,
        min(field_name) as record_field
    from stage_map
    group by source_system, history_name

),

stages as (

    select stage, stage_rank from {{ ref('stg_agreement__stages') }}

),

time_columns as (

    select * from {{ ref('int_times__columns') }}

),

mapped as (

    select
        changes.*,
        {{ to_second('changes.occurred_at') }} as occurred_second,
        stage_fields.history_name is not null as is_stage_field,
        stage_fields.object_name,
        stage_fields.record_field,
        versions.agreement_version,
        {{ zone_of_day('changes.occurred_at', 'versions.time_zone', 'time_columns') }} as day_zone,
        {{ zone_of_day('changes.recorded_at', 'versions.time_zone', 'recorded_columns') }}
            as recorded_day_zone,
        stage_map.stage as mapped_stage,
        stage_map.is_authority,
        coalesce(stages.stage_rank, 0) as stage_rank
    from changes
    inner join versions
        on
            changes.occurred_at >= versions.in_force_from
            and changes.occurred_at < versions.in_force_to
    inner join time_columns
        on time_columns.time_column = {{ time_column_of('lead changed', 'changes.source_system') }}
    inner join time_columns as recorded_columns
        on
            recorded_columns.time_column
            = {{ time_column_of('lead change recorded', 'changes.source_system') }}
    left join stage_fields
        on
            changes.source_system = stage_fields.source_system
            and changes.field_name = stage_fields.history_name
    left join stage_map
        on
            versions.agreement_version = stage_map.agreement_version
            and changes.source_system = stage_map.source_system
            and changes.field_name = stage_map.history_name
            and changes.new_value = stage_map.value
    left join stages on stage_map.stage = stages.stage

),

final as (

    select
        mapped.*,
        {{ span_of_day('occurred_at') }},
        {{ earliest_at('recorded_at', 'recorded_day_zone') }} as recorded_from,
        {{ latest_at('recorded_at', 'recorded_day_zone') }} as recorded_until
    from mapped

)

select * from final
