{{ config(materialized='view') }}

with offers as (

    select * from {{ ref('int_handoffs__offers') }}

),

terms as (

    select * from {{ ref('int_sla__terms') }}

),

clocks as (

    select handoff_id, started_at, started_earliest_at, started_latest_at
    from {{ ref('int_handoffs__response_clocks') }}

),

responses as (

    select * from {{ ref('int_handoffs__responses') }}
    where answer = 'accepted'

),

progress as (

    select handoff_id, sal_at, sal_earliest_at, sal_latest_at
    from {{ ref('int_handoffs__progress') }}

),

stays as (

    select handoff_id, started_at, started_earliest_at, started_latest_at
    from {{ ref('int_sla__stays') }}

),

final as (

    select
        terms.*,
        offers.lead_id,
        offers.judged_version,
        offers.default_calendar,
        {% for name, at in [
            ('started_at', ''), ('started_earliest_at', '_earliest'), ('started_latest_at', '_latest'),
        ] %}
    case
        when terms.clause = 'response' then clocks.{{ name }}
        when terms.clause = 'follow_up_before_rejection' then offers.offered{{ at }}_at
        when terms.clause = 'definition' then offers.offered_at
        when terms.clause in ('first_touch', 'follow_up')
            then responses.{{ 'answered' ~ at if at else 'responded' }}_at
        when terms.clause = 'decision' then progress.sal{{ at }}_at
        when terms.clause = 'no_stall' then stays.{{ name }}
    end as {{ name }}{{ ',' if not loop.last }}
    {% endfor %}
    from terms
    inner join offers on terms.handoff_id = offers.handoff_id
    left join responses on terms.handoff_id = responses.handoff_id
    inner join progress on terms.handoff_id = progress.handoff_id
    left join clocks on terms.handoff_id = clocks.handoff_id
    left join stays on terms.handoff_id = stays.handoff_id

)

select * from final
