{{ config(indexes=[{'columns': ['lead_id', 'event_number']}]) }}

with events as (

    select * from {{ ref('int_events__sequenced') }}
    where not is_late_creation

),

runs as (

    select
        events.*,
        count(*) filter (where stage not in ('won', 'lost')) over (
            partition by lead_id order by event_number
        ) as closing_run
    from events

),

won_elsewhere as (

    -- Losing one opportunity changes nothing for a lead while another of its opportunities is won.
    select distinct lost.event_id
    from runs as lost
    inner join runs as winner
        on
            lost.lead_id = winner.lead_id
            and lost.closing_run = winner.closing_run
            and winner.stage = 'won'
            and (winner.source_system, winner.opportunity_id)
            <> (lost.source_system, lost.opportunity_id)
            and winner.event_number < lost.event_number
    left join runs as reopened
        on
            winner.lead_id = reopened.lead_id
            and winner.source_system = reopened.source_system
            and winner.opportunity_id = reopened.opportunity_id
            and reopened.stage = 'lost'
            and reopened.event_number > winner.event_number
            and reopened.event_number < lost.event_number
    where lost.stage = 'lost' and reopened.event_id is null

),

outdone as (

    select
        runs.*,
        won_elsewhere.event_id is not null as is_outdone
    from runs
    left join won_elsewhere on runs.event_id = won_elsewhere.event_id

),

steps as (

    select
        event_id,
        (
            stage is not distinct from lag(stage) over (partition by lead_id order by event_number)
        ) as is_same_stage
    from outdone
    where not is_outdone

),

final as (

    select
        outdone.*,
        outdone.is_outdone or coalesce(steps.is_same_stage, false) as is_repeat
    from outdone
    left join steps on outdone.event_id = steps.event_id

)

select * from final
