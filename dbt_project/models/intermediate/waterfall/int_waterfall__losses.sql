{{ config(materialized='view') }}

with exits as (

    select * from {{ ref('int_waterfall__exits') }}
    where lost_number is not null

),

transitions as (

    select lead_id, transition_number, source_system, opportunity_id
    from {{ ref('int_transitions__all_transitions') }}

),

opportunities as (

    select source_system, opportunity_id, loss_reason
    from {{ ref('int_opportunities__all_opportunities') }}

),

final as (

    select
        exits.handoff_id,
        exits.lead_id,
        exits.month,
        exits.exit_kind,
        exits.rejection_family,
        exits.rejection_reason,
        exits.exited_at,
        exits.lost_at,
        exits.is_open_now,
        coalesce(opportunities.loss_reason, 'none') as loss_reason
    from exits
    inner join transitions
        on
            exits.lead_id = transitions.lead_id
            and exits.lost_number = transitions.transition_number
    left join opportunities
        on
            transitions.source_system = opportunities.source_system
            and transitions.opportunity_id = opportunities.opportunity_id

)

select * from final
