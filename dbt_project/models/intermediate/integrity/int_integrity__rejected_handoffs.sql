{{ config(materialized='view') }}

with handoffs as (

    select * from {{ ref('int_handoffs__all_handoffs') }}
    where rejection_stage is not null

),

reasons as (

    select * from {{ ref('stg_agreement__rejection_reasons') }}

),

final as (

    select
        handoffs.handoff_id,
        handoffs.lead_id,
        handoffs.judged_version,
        coalesce(handoffs.rejected_at, handoffs.sent_back_at) as rejection_at,
        handoffs.rejection_stage,
        handoffs.rejection_source_system,
        handoffs.rejection_reason,
        handoffs.met_definition,
        handoffs.touches_before_rejection,
        handoffs.channels_before_rejection,
        handoffs.rejection_family,
        reasons.reason is not null as is_listed_reason,
        coalesce(reasons.needs_follow_up, true) as needs_follow_up,
        coalesce(reasons.is_overqualification, false) as is_overqualification
    from handoffs
    left join reasons
        on
            handoffs.judged_version = reasons.agreement_version
            and handoffs.rejection_reason = reasons.reason
    where coalesce(handoffs.rejected_by_type, handoffs.sent_back_by_type) <> 'automation'

)

select * from final
