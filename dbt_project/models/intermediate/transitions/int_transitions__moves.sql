{{ config(indexes=[{'columns': ['lead_id', 'transition_number']}]) }}

with events as (

    select * from {{ ref('int_events__folded') }}
    where not is_repeat

),

versions as (

    select agreement_version, uses_tql, handoff_stage, time_zone
    from {{ ref('int_agreement__versions') }}

),

stages as (

    select stage, stage_rank from {{ ref('stg_agreement__stages') }}

),

steps as (

    select
        events.*,
        row_number() over (partition by lead_id order by event_number) as transition_number,
        lag(stage) over (partition by lead_id order by event_number) as from_stage,
        lag(stage_rank) over (partition by lead_id order by event_number) as from_rank,
        lag(stage_kind) over (partition by lead_id order by event_number) as from_kind,
        lag(occurred_second) over (partition by lead_id order by event_number) as previous_second,
        -- Where the order goes against fractions, a move is entered when the one before it was.
        max(occurred_at) over (partition by lead_id order by event_number) as entered_at
    from events

),

directed as (

    select
        steps.*,
        lag(entered_at) over (partition by lead_id order by event_number) as previous_at,
        case when has_time_of_day then entered_at else earliest_at end as entered_earliest_at,
        case when has_time_of_day then entered_at else latest_at end as entered_latest_at,
        lead(entered_at) over (partition by lead_id order by event_number) as exited_at,
        case
            when from_stage is null then 'start'
            when stage = 'won' then 'forward'
            when stage_kind = 'closed' then 'exit'
            when from_kind = 'closed' then 'reentry'
            when stage_rank > from_rank then 'forward'
            else 'backward'
        end as direction
    from steps

),

skipped as (

    -- Stages of the agreed path strictly between the two; tql counts where the agreement uses it.
    select
        directed.event_id,
        count(*) as skipped_stages
    from directed
    inner join versions on directed.agreement_version = versions.agreement_version
    inner join stages
        on
            stages.stage_rank > directed.from_rank
            and stages.stage_rank < directed.stage_rank
            and stages.stage in ('inquiry', 'mql', 'tql', 'sal', 'sql')
            and (stages.stage <> 'tql' or versions.uses_tql)
    where directed.direction = 'forward'
    group by directed.event_id

),

numbered as (

    select
        directed.event_id as transition_id,
        directed.lead_id,
        1 + count(*) filter (where directed.direction = 'reentry') over (
            partition by directed.lead_id order by directed.transition_number
        ) as journey_number,
        directed.transition_number,
        directed.from_stage,
        directed.stage as to_stage,
        directed.direction,
        coalesce(skipped.skipped_stages, 0) as skipped_stages,
        directed.entered_at,
        directed.occurred_second as entered_second,
        {{ local_date('directed.entered_at', 'versions.time_zone') }} as entered_on,
        directed.has_time_of_day,
        directed.entered_earliest_at as earliest_at, directed.entered_latest_at as latest_at,
        directed.previous_second, directed.previous_at,
        directed.exited_at,
        directed.actor_id,
        directed.actor_type,
        directed.campaign,
        directed.source_system,
        directed.source_event_id,
        directed.opportunity_id,
        directed.reason,
        directed.agreement_version,
        directed.stage = versions.handoff_stage as is_offer
    from directed
    inner join versions on directed.agreement_version = versions.agreement_version
    left join skipped on directed.event_id = skipped.event_id

),

final as (

    select
        numbered.*,
        lag(earliest_at) over (partition by lead_id order by transition_number)
            as previous_earliest_at,
        lead(earliest_at) over (partition by lead_id order by transition_number)
            as exited_earliest_at,
        lead(latest_at) over (partition by lead_id order by transition_number)
            as exited_latest_at,
        first_value(entered_on) over (
            partition by lead_id, journey_number order by transition_number
        ) as journey_started_on
    from numbered

)

select * from final
