{{ config(materialized='view') }}

with handoffs as (

    select * from {{ ref('int_handoffs__judged') }}
    where
        answer = 'accepted'
        and accepted_by_type = 'human'
        and agreement_version is not null

),

run as (

    select as_of from {{ source('build', 'build_context') }}

),

legs as (

    select handoff_id, max(from_at) as from_at from {{ ref('int_handoffs__all_legs') }}
    group by handoff_id

),

-- When sales could see the lead: the other system follows the offer some minutes later.
echoes as (

    select event_id, lead_id, occurred_at from {{ ref('int_events__all_stage_events') }}
    where is_echo and has_time_of_day and stage in ('mql', 'tql')

),

offered_last as (

    {{ last_begun(
        'echoes', ['event_id', 'lead_id', 'occurred_at'], 'occurred_at',
        'handoffs', 'offer_number', begins='offered_at'
    ) }}

),

heard as (

    select handoffs.handoff_id, min(offered_last.occurred_at) as heard_at
    from handoffs
    inner join offered_last
        on
            handoffs.lead_id = offered_last.lead_id
            and handoffs.offer_number = offered_last.offer_number
            and handoffs.accepted_at >= offered_last.occurred_at
    group by handoffs.handoff_id

),

first_touch_clauses as (

    select handoff_id, due_at from {{ ref('int_sla__all_clauses') }}
    where clause = 'first_touch'

),

-- One go is one whatever versions its handoffs are judged by, if these agree on what a go is.
widths as (

    select
        agreement_version,
        {{ threshold('rubber_stamp', 'batch_minutes', 'versions.agreement_version', 5) }}
            as batch_minutes
    from {{ ref('int_agreement__versions') }} as versions

),

spans as (

    select * from {{ ref('int_delivery__spans') }}

),

timed as (

    select
        handoffs.handoff_id,
        handoffs.lead_id,
        handoffs.judged_version,
        handoffs.offered_at,
        handoffs.accepted_at,
        handoffs.accepted_by_id,
        handoffs.first_touch_told_at as first_touch_at,
        handoffs.sent_back_at,
        handoffs.has_time_of_day,
        handoffs.has_answer_time_of_day,
        greatest(handoffs.offered_at, legs.from_at, heard.heard_at) as reached_at,
        coalesce(first_touch_clauses.due_at, {{ add_days('handoffs.accepted_at', 1) }})
            as touch_due_at,
        widths.batch_minutes,
        floor(
            {{ seconds_between(beginning_of_2000(), 'handoffs.accepted_at') }}
            / (60 * widths.batch_minutes)
        ) as batch
    from handoffs
    inner join widths on handoffs.judged_version = widths.agreement_version
    inner join legs on handoffs.handoff_id = legs.handoff_id
    left join heard on handoffs.handoff_id = heard.handoff_id
    left join first_touch_clauses on handoffs.handoff_id = first_touch_clauses.handoff_id

),

final as (

    select
        timed.*,
        -- What tells a day alone says nothing of seconds, and is in no batch.
        case
            when timed.has_time_of_day and timed.has_answer_time_of_day
                then {{ seconds_between('timed.reached_at', 'timed.accepted_at') }}
        end as seconds_to_accept,
        case
            when timed.has_answer_time_of_day
                then count(*) over (
                        partition by
                            timed.accepted_by_id, timed.batch_minutes, timed.batch,
                            timed.has_answer_time_of_day
                    )
            else 1
        end as in_batch,
        -- Neither touched nor sent back by the time a first touch was due: nobody had looked. Where
        -- activities do not tell, nobody can say so.
        spans.kind is not null
        and timed.touch_due_at < run.as_of
        and coalesce(timed.first_touch_at > timed.touch_due_at, true)
        and coalesce(timed.sent_back_at > timed.touch_due_at, true) as is_unread
    from timed
    cross join run
    left join spans
        on {{ is_delivered(
            'spans', 'activities', 'timed.judged_version', 'timed.offered_at',
            'timed.touch_due_at'
        ) }}

)

select * from final
