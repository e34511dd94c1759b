{{ config(materialized='view') }}

with clauses as (

    select * from {{ ref('int_sla__judged') }}
    -- What was owed before a rejection can't be made good after it.
    where party = 'sales' and clause <> 'follow_up_before_rejection'
        and (at_risk or (status = 'breached' and met_at is null))

),

handoffs as (

    select handoff_id, next_offer_number from {{ ref('int_handoffs__all_handoffs') }}

),

leads as (

    select lead_id, current_stage, current_owner_id from {{ ref('int_leads__all_leads') }}
    where not is_deleted

),

stages as (

    select stage, kind from {{ ref('stg_agreement__stages') }}

),

final as (

    select
        clauses.*,
        leads.current_stage,
        leads.current_owner_id,
        -- Whoever has the lead now can act; who had it when the clock started is judged.
        coalesce(leads.current_owner_id, clauses.owner_id) as rep_id,
        case
            when clauses.at_risk then 'owner'
            when
                case clauses.clause
                    -- It counts touches, so its time is read from its clock.
                    when 'follow_up'
                        then
                            {{ seconds_between('clauses.due_at', 'clauses.run_as_of') }}
                            > {{ seconds_between('clauses.started_at', 'clauses.due_at') }}
                    else clauses.actual > 2 * clauses.required
                end
                then 'managers_manager'
            else 'manager'
        end as escalation
    from clauses
    inner join handoffs on clauses.handoff_id = handoffs.handoff_id
    inner join leads on clauses.lead_id = leads.lead_id
    inner join stages on leads.current_stage = stages.stage
    where clauses.at_risk or (handoffs.next_offer_number is null and stages.kind = 'open')

)

select * from final
