{{ config(indexes=[{'columns': ['handoff_id', 'clause'], 'unique': true}]) }}

with starts as (

    select * from {{ ref('int_sla__starts') }}
    where clause in ('response', 'first_touch', 'decision', 'no_stall')

),

response_clocks as (

    select handoff_id, calendar, response_due_at from {{ ref('int_handoffs__response_clocks') }}

),

responses as (

    select handoff_id, unautomated_response_at from {{ ref('int_handoffs__responses') }}

),

touch_counts as (

    select handoff_id, first_touch_at from {{ ref('int_handoffs__touch_counts') }}

),

progress as (

    select handoff_id, decided_at from {{ ref('int_handoffs__progress') }}

),

stays as (

    select handoff_id, due_at, exited_at from {{ ref('int_sla__stays') }}

),

timed as (

    select
        starts.handoff_id,
        starts.clause,
        starts.judged_version,
        case
            when starts.clause = 'response' then response_clocks.calendar
            else starts.calendar
        end as calendar,
        starts.started_at,
        case starts.clause
            when 'response' then response_clocks.response_due_at
            when 'no_stall' then stays.due_at
            else {{ due_at(
                'starts.judged_version', 'starts.calendar', 'starts.started_at',
                'starts.due_in', 'starts.due_unit'
            ) }}
        end as due_at,
        case
            when starts.started_at is null then null
            when starts.clause = 'response' then responses.unautomated_response_at
            when starts.clause = 'first_touch' then touch_counts.first_touch_at
            when starts.clause = 'decision' then progress.decided_at
            when starts.clause = 'no_stall' then stays.exited_at
        end as met_at,
        starts.due_in as required,
        starts.due_unit
    from starts
    inner join responses on starts.handoff_id = responses.handoff_id
    inner join touch_counts on starts.handoff_id = touch_counts.handoff_id
    inner join progress on starts.handoff_id = progress.handoff_id
    left join response_clocks on starts.handoff_id = response_clocks.handoff_id
    left join stays on starts.handoff_id = stays.handoff_id

),

final as (

    -- The time used until the clause was met is fixed; until then it grows with as_of, from the
    -- working seconds that lay before the start.
    select
        timed.*,
        case
            when timed.due_unit = 'business_hours' and timed.started_at is not null
                then {{ business_seconds_before(
                    'timed.judged_version', 'timed.calendar', 'timed.started_at'
                ) }}
        end as working_seconds_before_start,
        case
            when timed.due_unit = 'business_hours' and timed.met_at is not null
                then {{ business_seconds(
                    'timed.judged_version', 'timed.calendar', 'timed.started_at', 'timed.met_at'
                ) }}
        end as working_seconds_used
    from timed

)

select * from final
