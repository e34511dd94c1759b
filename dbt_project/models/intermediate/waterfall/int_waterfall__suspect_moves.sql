with findings as (

    select finding_id, rule, subject_id from {{ ref('int_integrity__findings') }}
    where rule in ('silent_auto_promotion', 'auto_acceptance', 'auto_expiry_accepts')

),

in_force as (

    select agreement_version from {{ ref('int_agreement__in_force') }}

),

rules as (

    select rules.rule from {{ ref('stg_agreement__rules') }} as rules
    inner join in_force on rules.agreement_version = in_force.agreement_version
    where rules.is_enabled

),

waivers as (

    select finding_id from {{ ref('int_integrity__waived') }}

),

transitions as (

    select transition_id, lead_id, transition_number, to_stage
    from {{ ref('int_transitions__all_transitions') }}

),

handoffs as (

    select handoff_id, lead_id, offer_number from {{ ref('int_handoffs__all_handoffs') }}

),

-- A waiver says that the move was in order, so it counts again.
standing as (

    select findings.rule, findings.subject_id from findings
    inner join rules on findings.rule = rules.rule
    left join waivers on findings.finding_id = waivers.finding_id
    where waivers.finding_id is null

),

accepting_moves as (

    select
        handoffs.handoff_id,
        transitions.transition_id,
        transitions.lead_id,
        transitions.transition_number
    from standing
    inner join handoffs on standing.subject_id = handoffs.handoff_id
    inner join transitions
        on
            handoffs.lead_id = transitions.lead_id
            and handoffs.offer_number < transitions.transition_number
    where
        standing.rule in ('auto_acceptance', 'auto_expiry_accepts')
        and transitions.to_stage in {{ accepting_stages() }}

),

-- The acceptance that a finding about a handoff means is its response.
acceptances as (

    {{ first_per('accepting_moves', ['handoff_id'], ['transition_number']) }}

),

promotions as (

    select transitions.transition_id, transitions.lead_id, transitions.transition_number
    from standing
    inner join transitions on standing.subject_id = transitions.transition_id
    where standing.rule = 'silent_auto_promotion'

),

final as (

    select
        transition_id,
        lead_id,
        transition_number,
        handoff_id as accepted_handoff_id
    from acceptances

    union all

    select transition_id, lead_id, transition_number, null from promotions

)

select * from final
