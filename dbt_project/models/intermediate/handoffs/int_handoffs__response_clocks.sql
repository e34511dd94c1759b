{{ config(indexes=[{'columns': ['handoff_id'], 'unique': true}]) }}

with recursive promised as (

    select * from {{ ref('int_handoffs__promised_responses') }}

),

transfers as (

    select handoff_id, transferred_at, span_number, calendar, owner_id, source_system
    from {{ ref('int_handoffs__transfers') }}

),

clocks as (

    select
        promised.*,
        promised.offered_at as started_at,
        {{ due_at(
            'promised.judged_version', 'promised.calendar', 'promised.offered_at',
            'promised.due_in', 'promised.due_unit'
        ) }} as response_due_at,
        0 as restarts
    from promised

    union all

    -- Where the agreement restarts the clock, each transfer before the due time starts it anew.
    select
        restarted.handoff_id,
        restarted.offered_at,
        restarted.judged_version,
        restarted.calendar,
        restarted.owner_id,
        restarted.owner_source_system,
        restarted.due_in,
        restarted.due_unit,
        restarted.clock_restarts_on_transfer,
        restarted.started_at,
        {{ due_at(
            'restarted.judged_version', 'restarted.calendar', 'restarted.started_at',
            'restarted.due_in', 'restarted.due_unit'
        ) }},
        restarted.restarts
    from (
        select
            clocks.handoff_id,
            clocks.offered_at,
            clocks.judged_version,
            transfers.calendar,
            transfers.owner_id,
            transfers.source_system as owner_source_system,
            clocks.due_in,
            clocks.due_unit,
            clocks.clock_restarts_on_transfer,
            transfers.transferred_at as started_at,
            clocks.restarts + 1 as restarts,
            row_number() over (
                partition by clocks.handoff_id
                order by transfers.transferred_at, transfers.span_number
            ) as turn
        from clocks
        inner join transfers
            on
                clocks.handoff_id = transfers.handoff_id
                and transfers.transferred_at > clocks.started_at
                and transfers.transferred_at < clocks.response_due_at
        where clocks.clock_restarts_on_transfer
    ) as restarted
    where restarted.turn = 1

),

last_clocks as (

    {{ first_per('clocks', ['handoff_id'], ['restarts desc']) }}

),

final as (

    select
        handoff_id,
        started_at,
        calendar,
        owner_id,
        owner_source_system,
        due_in,
        due_unit,
        response_due_at
    from last_clocks

)

select * from final
