{{ config(materialized='view') }}

with offers as (

    select * from {{ ref('int_handoffs__offers') }}

),

terms as (

    select * from {{ ref('int_sla__terms') }}

),

clocks as (

    select handoff_id, started_at from {{ ref('int_handoffs__response_clocks') }}

),

responses as (

    select handoff_id, answer, responded_at from {{ ref('int_handoffs__responses') }}

),

progress as (

    select handoff_id, sal_at from {{ ref('int_handoffs__progress') }}

),

stays as (

    select handoff_id, started_at from {{ ref('int_sla__stays') }}

),

final as (

    select
        terms.*,
        offers.lead_id,
        offers.judged_version,
        offers.default_calendar,
        case
            when terms.clause = 'response' then clocks.started_at
            when terms.clause in ('definition', 'follow_up_before_rejection') then offers.offered_at
            when terms.clause in ('first_touch', 'follow_up') and responses.answer = 'accepted'
                then responses.responded_at
            when terms.clause = 'decision' then progress.sal_at
            when terms.clause = 'no_stall' then stays.started_at
        end as started_at
    from terms
    inner join offers on terms.handoff_id = offers.handoff_id
    inner join responses on terms.handoff_id = responses.handoff_id
    inner join progress on terms.handoff_id = progress.handoff_id
    left join clocks on terms.handoff_id = clocks.handoff_id
    left join stays on terms.handoff_id = stays.handoff_id

)

select * from final
