with handoffs as (

    select * from {{ ref('int_handoffs__all_handoffs') }}
    where rejected_at is not null or sent_back_at is not null

),

transitions as (

    select
        lead_id,
        transition_number,
        to_stage,
        entered_at,
        actor_type,
        source_system
    from {{ ref('int_transitions__all_transitions') }}
    where to_stage in {{ declining_stages() }}

),

reasons as (

    select * from {{ ref('stg_agreement__rejection_reasons') }}

),

exits as (

    -- "The rejection" is the rejection before acceptance, else the sending back after it.
    select
        handoffs.*,
        transitions.entered_at as rejection_at,
        transitions.to_stage as rejection_stage,
        transitions.source_system as rejection_source_system,
        transitions.actor_type as rejection_actor_type,
        row_number() over (
            partition by handoffs.handoff_id order by transitions.transition_number
        ) as exit_number
    from handoffs
    inner join transitions
        on
            handoffs.lead_id = transitions.lead_id
            and transitions.transition_number > handoffs.offer_number
            and transitions.entered_at = coalesce(handoffs.rejected_at, handoffs.sent_back_at)
            and (handoffs.rejected_at is not null or transitions.to_stage <> 'lost')

),

final as (

    select
        exits.handoff_id,
        exits.lead_id,
        exits.judged_version,
        exits.rejection_at,
        exits.rejection_stage,
        exits.rejection_source_system,
        exits.rejection_reason,
        exits.met_definition,
        exits.touches_before_rejection,
        exits.channels_before_rejection,
        reasons.family as rejection_family,
        reasons.reason is not null as is_listed_reason,
        coalesce(reasons.needs_follow_up, true) as needs_follow_up,
        coalesce(reasons.is_overqualification, false) as is_overqualification
    from exits
    left join reasons
        on
            exits.judged_version = reasons.agreement_version
            and exits.rejection_reason = reasons.reason
    where exits.exit_number = 1 and exits.rejection_actor_type <> 'automation'

)

select * from final
