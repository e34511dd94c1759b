{{ config(indexes=[{'columns': ['lead_id']}]) }}

with changes as (

    select * from {{ ref('int_events__ordered_changes') }}
    where is_stage_field

),

tellings as (

    select * from {{ ref('int_events__tellings') }}

),

opportunities as (

    select * from {{ ref('int_opportunities__versions') }}
    where version_rank = 1

),

candidates as (

    select
        lead_id, source_system, 'lead:' || record_id || ':' || field_name as record_key,
        cast(null as {{ type_text() }}) as opportunity_id,
        change_id as source_event_id, mapped_stage as stage,
        coalesce(is_authority, false) as is_authority, old_value,
        new_value as raw_value,
        occurred_at,
        occurred_second, recorded_at, actor_id, campaign, reason, agreement_version,
        chain_position, false as is_creation, object_name, record_field, record_id,
        has_time_of_day, earliest_at, latest_at, day_from, day_until, recorded_from, recorded_until
    from changes

    union all

    select
        lead_id, source_system, record_key, opportunity_id, source_event_id, mapped_stage,
        is_authority, old_value, raw_value, occurred_at, occurred_second, recorded_at, actor_id,
        null, null, agreement_version, chain_position, is_creation, object_name, record_field,
        record_id, has_time_of_day, earliest_at, latest_at, day_from, day_until,
        case when has_time_of_day then recorded_at else day_from end,
        case when has_time_of_day then recorded_at else day_until end
    from tellings

),

versions as (

    select in_force_from, in_force_to, time_zone from {{ ref('int_agreement__versions') }}

),

time_columns as (

    select * from {{ ref('int_times__columns') }}

),

created as (

    -- Objects number their records each for itself: a lead and an opportunity may have one id.
    select
        source_system, true as is_lead, record_id, created_at,
        {{ time_column_of('lead created', 'source_system') }} as time_column
    from {{ ref('int_identity__affected_records') }}

    union all

    select
        source_system, false, opportunity_id, created_at,
        {{ time_column_of('deal created', 'source_system') }}
    from opportunities

),

born as (

    select
        created.*,
        {{ zone_of_day('created.created_at', 'versions.time_zone', 'time_columns') }} as day_zone
    from created
    inner join time_columns on created.time_column = time_columns.time_column
    inner join versions
        on
            created.created_at >= versions.in_force_from
            and created.created_at < versions.in_force_to

),

final as (

    -- What an event is about exists since its record was created; an earlier event is a finding.
    select
        candidates.*,
        {{ earliest_at('born.created_at', 'born.day_zone') }} as record_created_from
    from candidates
    left join born
        on
            candidates.source_system = born.source_system
            and (candidates.opportunity_id is null) = born.is_lead
            and candidates.record_id = born.record_id

)

select * from final
