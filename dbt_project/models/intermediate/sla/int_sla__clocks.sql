{{ config(indexes=[{'columns': ['handoff_id', 'clause'], 'unique': true}]) }}

with starts as (

    select * from {{ ref('int_sla__starts') }}
    where clause in ('response', 'first_touch', 'decision', 'no_stall')

),

response_clocks as (

    select handoff_id, calendar, response_due_at, response_due_earliest_at
    from {{ ref('int_handoffs__response_clocks') }}

),

responses as (

    select * from {{ ref('int_handoffs__responses') }}

),

-- The first touch that may have been one, and the first that surely was.
first_touches as (

    select
        handoff_id,
        min(earliest_at) as first_touch_at,
        min(latest_at) filter (where is_sure) as surely_touched_at
    from {{ ref('int_handoffs__possible_touches') }}
    group by handoff_id

),

progress as (

    select * from {{ ref('int_handoffs__progress') }}

),

stays as (

    select * from {{ ref('int_sla__stays') }}

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
        {% for name, response, start in [
            ('due_at', 'response_due_at', 'started_latest_at'),
            ('due_earliest_at', 'response_due_earliest_at', 'started_earliest_at'),
        ] %}
        case starts.clause
            when 'response' then response_clocks.{{ response }}
            when 'no_stall' then stays.{{ name }}
            else {{ due_at(
                'starts.judged_version', 'starts.calendar', 'starts.' ~ start,
                'starts.due_in', 'starts.due_unit'
            ) }}
        end as {{ name }},
        {% endfor %}
        -- When it came true; when at the earliest, and when it surely had.
        {% for name, response, touch, decision, exit in [
            ('met_at', 'unautomated_response_at', 'first_touch_at', 'decided_at', 'exited_at'),
            (
                'met_earliest_at', 'unautomated_earliest_at', 'first_touch_at',
                'decided_earliest_at', 'exited_earliest_at'
            ),
            (
                'met_latest_at', 'unautomated_latest_at', 'surely_touched_at',
                'decided_latest_at', 'exited_latest_at'
            ),
        ] %}
        case
            when starts.started_at is null then null
            when starts.clause = 'response' then responses.{{ response }}
            when starts.clause = 'first_touch' then first_touches.{{ touch }}
            when starts.clause = 'decision' then progress.{{ decision }}
            when starts.clause = 'no_stall' then stays.{{ exit }}
        end as {{ name }},
        {% endfor %}
        starts.due_in as required,
        starts.due_unit
    from starts
    inner join responses on starts.handoff_id = responses.handoff_id
    inner join progress on starts.handoff_id = progress.handoff_id
    left join first_touches on starts.handoff_id = first_touches.handoff_id
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
