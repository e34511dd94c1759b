{{ config(indexes=[{'columns': ['handoff_id'], 'unique': true}, {'columns': ['lead_id']}]) }}

with moves as (

    select * from {{ ref('int_transitions__moves') }}
    where is_offer

),

versions as (

    select
        agreement_version,
        valid_from_at,
        routing_grace_minutes,
        default_calendar,
        scoring_rule_version
    from {{ ref('int_agreement__versions') }}

),

final as (

    select
        moves.transition_id as handoff_id,
        moves.lead_id,
        moves.journey_number,
        row_number() over (
            partition by moves.lead_id, moves.journey_number order by moves.transition_number
        ) as handoff_number,
        moves.transition_number as offer_number,
        moves.entered_at as offered_at,
        moves.entered_second as offered_second,
        moves.entered_on as offered_on,
        moves.has_time_of_day,
        moves.earliest_at as offered_earliest_at,
        moves.latest_at as offered_latest_at,
        moves.journey_started_on,
        moves.actor_id as offered_by_id,
        moves.actor_type as offered_by_type,
        moves.source_system as offered_by_source_system,
        lead(moves.transition_number) over (
            partition by moves.lead_id order by moves.transition_number
        ) as next_offer_number,
        lead(moves.entered_at) over (
            partition by moves.lead_id order by moves.transition_number
        ) as next_offered_at,
        lead(moves.earliest_at) over (
            partition by moves.lead_id order by moves.transition_number
        ) as next_offered_earliest_at,
        lead(moves.latest_at) over (
            partition by moves.lead_id order by moves.transition_number
        ) as next_offered_latest_at,
        lead(moves.entered_second) over (
            partition by moves.lead_id order by moves.transition_number
        ) as next_offered_second,
        -- Before the first version nothing was agreed; tier and due time are still the first
        -- version's.
        case when moves.entered_at >= versions.valid_from_at then moves.agreement_version end
            as agreement_version,
        moves.agreement_version as judged_version,
        -- How an earlier lead was scored nobody has written down.
        case when moves.entered_at >= versions.valid_from_at then versions.scoring_rule_version end
            as scoring_rule_version,
        versions.default_calendar,
        versions.routing_grace_minutes
    from moves
    inner join versions on moves.agreement_version = versions.agreement_version

)

select * from final
