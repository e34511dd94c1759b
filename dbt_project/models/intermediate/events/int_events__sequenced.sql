{{ config(indexes=[{'columns': ['lead_id', 'event_number']}]) }}

with merged as (

    select * from {{ ref('int_events__merged') }}

),

days_with_times as (

    select event_id, event_number from {{ ref('int_events__days_with_times') }}

),

versions as (

    select agreement_version, in_force_from, in_force_to from {{ ref('int_agreement__versions') }}

),

numbered as (

    select
        merged.*,
        coalesce(days_with_times.event_number, merged.merge_number) as event_number
    from merged
    left join days_with_times on merged.event_id = days_with_times.event_id

),

timed as (

    {{ given_times('numbered', 'lead_id', 'event_number') }}

),

told as (

    select
        event_id,
        lead_id,
        source_system,
        record_key,
        opportunity_id,
        source_event_id,
        stage,
        is_authority,
        old_value,
        raw_value,
        told_at as occurred_at,
        {{ to_second('told_at') }} as occurred_second,
        has_time_of_day,
        told_earliest_at as earliest_at,
        told_latest_at as latest_at,
        recorded_at,
        actor_id,
        actor_type,
        campaign,
        reason,
        stage_rank,
        stage_kind,
        is_creation,
        event_number
    from timed

),

final as (

    -- A move is read by the agreement in force when it happened. A creation after the lead already
    -- has a history in that system is the record's, not the lead's. What happens in one second is
    -- not earlier.
    select
        told.*,
        versions.agreement_version,
        told.is_creation
        and told.occurred_second
        > min(told.occurred_second) over (partition by told.lead_id, told.source_system)
            as is_late_creation
    from told
    inner join versions
        on
            told.occurred_at >= versions.in_force_from
            and told.occurred_at < versions.in_force_to

)

select * from final
