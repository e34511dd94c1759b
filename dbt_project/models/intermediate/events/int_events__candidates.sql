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
        has_time_of_day, earliest_at, latest_at, recorded_from, recorded_until
    from changes

    union all

    select
        lead_id, source_system, record_key, opportunity_id, source_event_id, mapped_stage,
        is_authority, old_value, raw_value, occurred_at, occurred_second, occurred_at, actor_id,
        null, null, agreement_version, chain_position, is_creation, object_name, record_field,
        record_id, has_time_of_day, earliest_at, latest_at, earliest_at, latest_at
    from tellings

),

born as (

    -- Objects number their records each for itself: a lead and an opportunity may have one id.
    select source_system, true as is_lead, record_id, created_at
    from {{ ref('int_identity__affected_records') }}

    union all

    select source_system, false, opportunity_id, created_at from opportunities

),

final as (

    -- What an event is about exists since its record was created; an earlier event is a finding.
    select
        candidates.*,
        born.created_at as record_created_at
    from candidates
    left join born
        on
            candidates.source_system = born.source_system
            and (candidates.opportunity_id is null) = born.is_lead
            and candidates.record_id = born.record_id

)

select * from final
