{{ config(indexes=[{'columns': ['handoff_id'], 'unique': true}]) }}

with promised as (

    select * from {{ ref('int_handoffs__promised_responses') }}

),

transfers as (

    select handoff_id, transferred_at, span_number, calendar, owner_id, source_system
    from {{ ref('int_handoffs__transfers') }}

),

-- Where the agreement restarts the clock, each transfer may start it anew.
clocks as (

    select
        handoff_id,
        judged_version,
        due_in,
        due_unit,
        offered_at as started_at,
        offered_earliest_at as started_earliest_at,
        offered_latest_at as started_latest_at,
        calendar,
        owner_id,
        owner_source_system,
        0 as clock_number
    from promised

    union all

    select
        promised.handoff_id,
        promised.judged_version,
        promised.due_in,
        promised.due_unit,
        transfers.transferred_at,
        transfers.transferred_at,
        transfers.transferred_at,
        transfers.calendar,
        transfers.owner_id,
        transfers.source_system,
        transfers.span_number
    from promised
    inner join transfers on promised.handoff_id = transfers.handoff_id
    where promised.clock_restarts_on_transfer

),

timed as (

    select
        clocks.*,
        {{ due_at(
            'clocks.judged_version', 'clocks.calendar', 'clocks.started_latest_at',
            'clocks.due_in', 'clocks.due_unit'
        ) }} as response_due_at,
        {{ due_at(
            'clocks.judged_version', 'clocks.calendar', 'clocks.started_earliest_at',
            'clocks.due_in', 'clocks.due_unit'
        ) }} as response_due_earliest_at
    from clocks

),

followed as (

    select
        timed.*,
        lag(response_due_at) over (partition by handoff_id order by clock_number)
            as former_due_at
    from timed

),

-- The first transfer that is not before the due time comes too late, and so do all after it.
started as (

    select
        followed.*,
        bool_and(clock_number = 0 or coalesce(started_at < former_due_at, false)) over (
            partition by handoff_id order by clock_number
        ) as is_started
    from followed

),

in_time as (

    select * from started
    where is_started

),

last_clocks as (

    {{ first_per('in_time', ['handoff_id'], ['clock_number desc']) }}

),

final as (

    select
        handoff_id,
        started_at,
        started_earliest_at,
        started_latest_at,
        calendar,
        owner_id,
        owner_source_system,
        due_in,
        due_unit,
        response_due_at,
        response_due_earliest_at
    from last_clocks

)

select * from final
