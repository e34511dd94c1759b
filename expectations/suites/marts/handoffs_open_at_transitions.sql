-- A version may have another handoff stage than the next. Which version a transition fell under is
-- asked only where all versions agree on the stage.
with
handoff_stages as (
    select distinct handoff_stage as stage
    from agreement_versions
),

only_stage as (
    select min(stage) as stage
    from handoff_stages
    having count(*) = 1
)

select handoff.handoff_id, 'opens at no transition' as what
from fct_handoffs as handoff
left join fct_stage_transitions as transition
    on transition.transition_id = handoff.handoff_id
    and transition.lead_id = handoff.lead_id
    and transition.entered_at = handoff.offered_at
    and transition.journey_number = handoff.journey_number
    and transition.to_stage in (select handoff_stages.stage from handoff_stages)
where transition.transition_id is null
union all
select transition.transition_id, 'opened no handoff'
from fct_stage_transitions as transition
inner join only_stage on only_stage.stage = transition.to_stage
left join fct_handoffs as handoff on handoff.handoff_id = transition.transition_id
where handoff.handoff_id is null
