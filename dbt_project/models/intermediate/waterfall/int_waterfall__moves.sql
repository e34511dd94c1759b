with transitions as (

    select lead_id, journey_number, transition_number, to_stage, entered_at
    from {{ ref('int_transitions__all_transitions') }}

),

handoffs as (

    select * from {{ ref('int_handoffs__all_handoffs') }}

),

leads as (

    select lead_id, lead_source from {{ ref('int_leads__all_leads') }}

),

suspects as (

    select lead_id, transition_number from {{ ref('int_waterfall__suspect_moves') }}

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
        suspects.lead_id is not null as is_suspect,
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
    left join suspects
        on
            dated.lead_id = suspects.lead_id
            and dated.transition_number = suspects.transition_number
    left join first_handoffs
        on
            dated.lead_id = first_handoffs.lead_id
            and dated.journey_number = first_handoffs.journey_number

)

select * from final
