{{ config(indexes=[{'columns': ['handoff_id', 'clause'], 'unique': true}]) }}

with started as (

    select * from {{ ref('int_sla__started') }}

),

clocks as (

    select handoff_id, owner_id, owner_source_system
    from {{ ref('int_handoffs__response_clocks') }}

),

owners as (

    select * from {{ ref('int_handoffs__owners') }}

),

spans as (

    select * from {{ ref('int_fields__owner_spans') }}

),

roster as (

    select * from {{ ref('stg_agreement__roster') }}

),

owners_then as (

    {{ last_begun('started', ['handoff_id', 'clause'], 'started_at', 'spans', 'span_number') }}

),

owned as (

    -- A clause stands on the calendar of whoever owns the lead when it starts; for what starts with
    -- the offer that is the owner at the offer, found within the grace.
    select
        started.*,
        case
            when started.clause = 'response' and clocks.handoff_id is not null then clocks.owner_id
            when started.clause in ('response', 'definition', 'follow_up_before_rejection')
                or started.started_at is null
                then owners.owner_id
            else spans.owner_id
        end as owner_id,
        case
            when
                started.clause = 'response' and clocks.handoff_id is not null
                then clocks.owner_source_system
            when started.clause in ('response', 'definition', 'follow_up_before_rejection')
                or started.started_at is null
                then owners.owner_source_system
            else spans.source_system
        end as owner_source_system
    from started
    inner join owners on started.handoff_id = owners.handoff_id
    left join clocks on started.handoff_id = clocks.handoff_id
    left join owners_then
        on
            started.handoff_id = owners_then.handoff_id
            and started.clause = owners_then.clause
    left join spans
        on
            started.lead_id = spans.lead_id
            and owners_then.span_number = spans.span_number

),

final as (

    select
        owned.*,
        roster.team,
        roster.manager_id,
        coalesce(roster.calendar, owned.default_calendar) as calendar
    from owned
    {{ join_roster('owned.judged_version', 'owned.owner_source_system', 'owned.owner_id') }}

)

select * from final
