with stage_changes as (

    select * from {{ ref('int_opportunities__ordered_changes') }}

),

unrecorded as (

    select * from {{ ref('int_opportunities__unrecorded_closings') }}

),

agreements as (

    select agreement_version, in_force_from, in_force_to, time_zone
    from {{ ref('int_agreement__versions') }}

),

stage_map as (

    select * from {{ ref('stg_agreement__stage_map') }}
    where {{ is_opportunity_object('object_name') }}

),

run as (

    select as_of from {{ source('build', 'build_context') }}

),

time_columns as (

    select * from {{ ref('int_times__columns') }}

),

from_changes as (

    select
        stage_changes.lead_id, stage_changes.source_system, stage_changes.opportunity_id,
        stage_changes.change_id as source_event_id, stage_changes.old_value,
        stage_changes.new_value as raw_value, stage_changes.own_at, stage_changes.occurred_at,
        stage_changes.has_time_of_day, stage_changes.earliest_at, stage_changes.latest_at,
        stage_changes.day_from, stage_changes.day_until, stage_changes.actor_id,
        stage_changes.chain_position, cast(null as {{ type_text() }}) as outcome
    from stage_changes

),

dated as (

    select
        unrecorded.*,
        {{ zone_of_day('unrecorded.occurred_at', 'agreements.time_zone', 'time_columns') }}
            as day_zone
    from unrecorded
    inner join agreements
        on
            unrecorded.occurred_at >= agreements.in_force_from
            and unrecorded.occurred_at < agreements.in_force_to
    inner join time_columns
        on
            time_columns.time_column
            = {{ time_column_of('deal closed', 'unrecorded.source_system') }}

),

closings as (

    select * from from_changes

    union all

    select
        lead_id,
        source_system,
        opportunity_id,
        {{ opportunity_object('source_system') }} || ':' || opportunity_id
        || ':closed:' || {{ iso_utc('occurred_at') }},
        cast(null as {{ type_text() }}),
        raw_value,
        occurred_at,
        occurred_at,
        {{ span_of_day('occurred_at') }},
        actor_id, 1, outcome
    from dated

),

final as (

    select
        closings.lead_id,
        closings.source_system,
        closings.opportunity_id,
        {{ opportunity_object('closings.source_system') }} as object_name,
        {{ opportunity_stage_field('closings.source_system') }} as record_field,
        closings.source_event_id,
        closings.old_value,
        closings.raw_value,
        -- The stage map speaks first, also where it says that the stage tells nothing; of a stage
        -- that it does not name, what the record says.
        coalesce(stage_map.stage, closings.outcome) as mapped_stage,
        coalesce(stage_map.is_authority, true) as is_authority,
        agreements.agreement_version,
        closings.occurred_at,
        {{ to_second('closings.occurred_at') }} as occurred_second,
        closings.own_at,
        closings.has_time_of_day,
        closings.earliest_at,
        closings.latest_at,
        closings.day_from,
        closings.day_until,
        closings.actor_id,
        closings.chain_position
    from closings
    cross join run
    inner join agreements
        on
            closings.own_at >= agreements.in_force_from
            and closings.own_at < agreements.in_force_to
    left join stage_map
        on
            agreements.agreement_version = stage_map.agreement_version
            and closings.source_system = stage_map.source_system
            and closings.raw_value = stage_map.value
    where closings.occurred_at < run.as_of

)

select * from final
