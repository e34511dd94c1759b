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

last_wins as (

    select
        runs.*,
        max(event_number) filter (where stage = 'won') over (
            partition by lead_id, closing_run
            order by event_number
            rows between unbounded preceding and 1 preceding
        ) as last_won_number
    from runs

),

outdone as (

    -- Losing a second opportunity after the first was won changes nothing for the lead.
    select
        last_wins.*,
        last_wins.stage = 'lost'
        and last_wins.opportunity_id is not null
        and winner.opportunity_id is not null
        and winner.opportunity_id <> last_wins.opportunity_id as is_outdone
    from last_wins
    left join events as winner
        on last_wins.lead_id = winner.lead_id and last_wins.last_won_number = winner.event_number

),

steps as (

    select
        event_id,
        stage is not distinct from lag(stage) over (partition by lead_id order by event_number) as is_same_stage
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
