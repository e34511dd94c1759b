{{ config(materialized='view') }}

with affected_leads as (select lead_id from {{ ref('int_identity__affected_leads') }}),

moves as (

    select transitions.* from affected_leads
    inner join {{ ref('int_transitions__all_transitions') }} as transitions
        on affected_leads.lead_id = transitions.lead_id

),

events as (

    select
        events.lead_id, events.source_system as other_system, events.stage, events.earliest_at,
        row_number() over told as telling,
        -- The last moment at which any of those so far may have been told.
        max(events.latest_at) over told as told_until
    from affected_leads
    inner join {{ ref('int_events__all_stage_events') }} as events
        on affected_leads.lead_id = events.lead_id
    window told as (
        partition by events.lead_id, events.source_system, events.stage
        order by events.earliest_at, events.event_id
        rows between unbounded preceding and current row
    )

),

versions as (

    select
        agreement_version,
        {{ threshold('systems_disagree', 'before_hours', 'versions.agreement_version', 1) }}
            as before_hours,
        {{ threshold('systems_disagree', 'after_hours', 'versions.agreement_version', 24) }}
            as after_hours
    from {{ ref('int_agreement__versions') }} as versions

),

-- Stages that a system's leads can tell.
told as (

    select distinct agreement_version, source_system, stage
    from {{ ref('stg_agreement__stage_map') }}
    where {{ is_lead_object('object_name') }} and stage <> 'none'

),

records as (

    -- A system may hold several records of one lead: it has known it since the first.
    select affected_leads.lead_id, ids.source_system, min(ids.created_at) as created_at
    from affected_leads
    inner join {{ ref('int_identity__all_lead_ids') }} as ids
        on affected_leads.lead_id = ids.lead_id
    group by affected_leads.lead_id, ids.source_system

),

expected as (

    -- Where another system knows the lead and the stage, it should tell the same at about the time.
    select
        moves.transition_id as event_id,
        moves.lead_id,
        moves.to_stage as stage,
        moves.entered_at as occurred_at,
        moves.source_system,
        records.source_system as other_system,
        {{ add_seconds('moves.earliest_at', '-versions.before_hours * 3600') }} as echo_from,
        {{ add_seconds('moves.latest_at', 'versions.after_hours * 3600') }} as echo_until
    from moves
    inner join versions on moves.agreement_version = versions.agreement_version
    inner join records
        on
            moves.lead_id = records.lead_id
            and moves.source_system <> records.source_system
            and records.created_at <= moves.entered_at
    inner join told
        on
            moves.agreement_version = told.agreement_version
            and records.source_system = told.source_system
            and moves.to_stage = told.stage

),

-- The last time that the other system told the stage before it is too late.
told_last as (

    {{ last_begun(
        'expected', ['event_id', 'other_system'], 'echo_until', 'events', 'telling',
        keys=['lead_id', 'other_system', 'stage'], begins='earliest_at'
    ) }}

),

final as (

    select
        expected.event_id, expected.lead_id, expected.stage, expected.occurred_at,
        expected.source_system, expected.other_system, expected.echo_until
    from expected
    inner join told_last
        on
            expected.event_id = told_last.event_id
            and expected.other_system = told_last.other_system
    left join events
        on
            expected.lead_id = events.lead_id
            and expected.other_system = events.other_system
            and expected.stage = events.stage
            and told_last.telling = events.telling
            and events.told_until >= expected.echo_from
    where events.lead_id is null

)

select * from final
