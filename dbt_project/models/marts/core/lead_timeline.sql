with records as (select * from {{ ref('int_identity__all_lead_ids') }}),

events as (select * from {{ ref('fct_stage_events') }}),

handoffs as (select * from {{ ref('fct_handoffs') }}),

legs as (

    select * from {{ ref('fct_handoff_legs') }}
    where leg_number > 1

),

touches as (select * from {{ ref('fct_touches') }}),

promises as (

    select * from {{ ref('fct_sla_compliance') }}
    where lead_id is not null and status in ('met', 'breached')

),

findings as (

    select * from {{ ref('fct_integrity_findings') }}
    where lead_id is not null

),

run as (select as_of from {{ source('build', 'build_context') }}),

-- What shares an instant is told in this order: what was, what was done, what it means.
known as (

    select
        lead_id, created_at as occurred_at, created_at as recorded_at, 1 as kind_order,
        'record' as kind, source_system, cast(null as {{ type_text() }}) as actor_id,
        cast(null as {{ type_text() }}) as actor_type,
        cast(null as {{ type_text() }}) as handoff_id, record_id as subject_id,
        'Became known to ' || source_system || '.' as summary
    from records

    union all

    select
        lead_id, occurred_at, recorded_at, case when is_echo then 3 else 2 end,
        case when is_echo then 'echo' else 'stage' end, source_system, actor_id, actor_type, null,
        event_id,
        source_system || case when is_echo then ' repeats ' else ' says ' end || stage
        || coalesce(': ' || reason, '') || '.'
    from events

    union all

    select
        lead_id, offered_at, null, 4, 'handoff', null, offered_by_id, null, handoff_id, handoff_id,
        'Handed over to ' || coalesce(team_at_offer, 'no team')
        || coalesce(', tier ' || tier, '')
        || case
            when met_definition is null then ''
            when met_definition then ', meets the definition'
            else ', below the definition'
        end || '.'
    from handoffs

    union all

    select
        lead_id, from_at, null, 5, 'transfer', null, owner_id, null, handoff_id,
        handoff_id || '|' || leg_number,
        'Transferred to ' || coalesce(owner_id, 'nobody') || '.'
    from legs

    union all

    select
        lead_id, occurred_at, recorded_at, 6, 'touch', source_system, user_id, null, handoff_id,
        touch_id,
        'Touched by ' || channel || case when is_late_logged then ', logged late' else '' end || '.'
    from touches

    union all

    select
        lead_id, case when status = 'met' then coalesce(met_at, due_at) else due_at end, null, 7,
        'promise', null, owner_id, null, handoff_id,
        handoff_id || '|' || clause || coalesce('|' || {{ iso_utc('due_at') }}, ''),
        'Promise of ' || party || ' ' || case when status = 'met' then 'kept: ' else 'broken: ' end
        || clause || '.'
    from promises

    union all

    select
        lead_id, occurred_at, null, 8, 'finding', null, null, null, handoff_id, finding_id, message
    from findings

),

final as (

    select
        known.lead_id,
        row_number() over (
            partition by known.lead_id
            order by
                known.occurred_at, known.kind_order, {{ bytewise('known.kind') }},
                {{ bytewise('known.subject_id') }}
        ) as line_number,
        known.occurred_at, known.recorded_at, known.kind, known.source_system, known.actor_id,
        known.actor_type, known.handoff_id, known.subject_id, known.summary,
        run.as_of as run_as_of
    from known
    cross join run

)

select * from final
