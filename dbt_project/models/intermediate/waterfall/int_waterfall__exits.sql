{{ config(materialized='view') }}

with handoffs as (

    select * from {{ ref('int_handoffs__all_handoffs') }}
    where rejection_number is not null

),

transitions as (

    select lead_id, transition_number, to_stage, entered_at
    from {{ ref('int_transitions__all_transitions') }}

),

stages as (

    select stage, kind from {{ ref('stg_agreement__stages') }}

),

versions as (

    select time_zone, in_force_from, in_force_to from {{ ref('int_agreement__versions') }}

),

leads as (

    select lead_id, current_stage from {{ ref('int_leads__all_leads') }}

),

exits as (

    select
        handoff_id,
        lead_id,
        rejection_number,
        next_offer_number,
        next_offered_at,
        case answer when 'rejected' then 'rejected' else 'sent_back' end as exit_kind,
        coalesce(rejected_at, sent_back_at) as exited_at,
        -- A machine's reason is nobody's.
        case
            when coalesce(rejected_by_type, sent_back_by_type) = 'automation' then 'automation'
            when rejection_reason is null then 'none'
            else coalesce(rejection_family, 'unlisted')
        end as rejection_family,
        coalesce(rejection_reason, 'none') as rejection_reason
    from handoffs

),

-- What the lead did afterwards, in whatever handoff or none.
fates as (

    select
        exits.handoff_id,
        min(transitions.entered_at) filter (where stages.kind = 'open') as reopened_at,
        min(transitions.entered_at) filter (
            where transitions.to_stage in {{ accepting_stages() }}
        ) as accepted_at,
        min(transitions.entered_at) filter (where transitions.to_stage = 'sql') as sql_at,
        min(transitions.entered_at) filter (where transitions.to_stage = 'won') as won_at,
        min(transitions.transition_number) filter (where transitions.to_stage = 'won')
            as won_number,
        min(transitions.entered_at) filter (where transitions.to_stage = 'lost') as lost_at,
        min(transitions.transition_number) filter (where transitions.to_stage = 'lost')
            as lost_number
    from exits
    inner join transitions
        on
            exits.lead_id = transitions.lead_id
            and exits.rejection_number < transitions.transition_number
    inner join stages on transitions.to_stage = stages.stage
    group by exits.handoff_id

),

final as (

    select
        exits.handoff_id,
        exits.lead_id,
        {{ local_month('exits.exited_at', 'versions.time_zone') }} as month,
        exits.exit_kind,
        exits.exited_at,
        exits.rejection_family,
        exits.rejection_reason,
        exits.next_offered_at as handed_over_again_at,
        fates.reopened_at,
        fates.accepted_at,
        fates.sql_at,
        fates.won_at,
        case
            when fates.won_number is not null
                then coalesce(fates.won_number > exits.next_offer_number, false)
        end as is_won_through_marketing,
        fates.lost_at,
        fates.lost_number,
        coalesce(fates.reopened_at, fates.won_at, fates.lost_at) is null as is_still_closed,
        coalesce(stages.kind = 'open', false) as is_open_now
    from exits
    inner join versions
        on exits.exited_at >= versions.in_force_from and exits.exited_at < versions.in_force_to
    left join fates on exits.handoff_id = fates.handoff_id
    left join leads on exits.lead_id = leads.lead_id
    left join stages on leads.current_stage = stages.stage

)

select * from final
