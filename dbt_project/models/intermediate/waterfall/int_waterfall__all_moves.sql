{{ config(
    materialized='incremental',
    incremental_strategy='append',
    indexes=[{'columns': ['lead_id', 'transition_number'], 'unique': true}],
    pre_hook="{{ forget_affected_leads() }}"
) }}

with affected_leads as (

    select lead_id from {{ ref('int_identity__affected_leads') }}

),

transitions as (

    select
        transitions.lead_id, transitions.journey_number, transitions.transition_number,
        transitions.to_stage, transitions.entered_at
    from affected_leads
    inner join {{ ref('int_transitions__all_transitions') }} as transitions
        on affected_leads.lead_id = transitions.lead_id

),

handoffs as (

    select handoffs.* from affected_leads
    inner join {{ ref('int_handoffs__all_handoffs') }} as handoffs
        on affected_leads.lead_id = handoffs.lead_id

),

leads as (

    select lead_id, lead_source from {{ ref('int_leads__all_leads') }}

),

versions as (

    select time_zone, in_force_from, in_force_to from {{ ref('int_agreement__versions') }}

),

dated as (

    select
        transitions.*,
        leads.lead_source,
        {{ local_month('transitions.entered_at', 'versions.time_zone') }} as month
    from transitions
    inner join leads on transitions.lead_id = leads.lead_id
    inner join versions
        on
            transitions.entered_at >= versions.in_force_from
            and transitions.entered_at < versions.in_force_to

),

first_handoffs as (

    {{ first_per('handoffs', ['lead_id', 'journey_number'], ['handoff_number']) }}

),

final as (

    -- A move counts for the tier and team of the handoff that owns it, a journey for its first
    -- handoff's.
    select
        dated.lead_id,
        dated.journey_number,
        dated.transition_number,
        dated.to_stage,
        dated.lead_source,
        dated.month,
        first_value(dated.month) over (
            partition by dated.lead_id, dated.journey_number order by dated.transition_number
        ) as cohort_month,
        handoffs.tier,
        handoffs.team_at_offer as team,
        first_handoffs.tier as journey_tier,
        first_handoffs.team_at_offer as journey_team
    from dated
    left join handoffs
        on
            dated.lead_id = handoffs.lead_id
            and dated.transition_number >= handoffs.offer_number
            and dated.transition_number < coalesce(handoffs.next_offer_number, 2147483647)
    left join first_handoffs
        on
            dated.lead_id = first_handoffs.lead_id
            and dated.journey_number = first_handoffs.journey_number

)

select * from final
