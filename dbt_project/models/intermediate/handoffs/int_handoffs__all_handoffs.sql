{{ config(
    materialized='incremental',
    incremental_strategy='append',
    indexes=[
        {'columns': ['handoff_id'], 'unique': true},
        {'columns': ['lead_id']}, {'columns': ['response_due_at']},
    ],
    pre_hook="{{ forget_affected_leads() }}"
) }}

with offers as (select * from {{ ref('int_handoffs__offers') }}),

owners as (select * from {{ ref('int_handoffs__owners') }}),

qualified as (select * from {{ ref('int_handoffs__qualified') }}),

responses as (select * from {{ ref('int_handoffs__responses') }}),

progress as (select * from {{ ref('int_handoffs__progress') }}),

rejections as (select * from {{ ref('int_handoffs__rejections') }}),

touch_counts as (select * from {{ ref('int_handoffs__touch_counts') }}),

touch_dues as (select * from {{ ref('int_handoffs__touch_dues') }}),

deals as (select * from {{ ref('int_handoffs__deals') }}),

campaigns as (select * from {{ ref('int_handoffs__campaigns') }}),

leads as (select lead_id, lead_source from {{ ref('int_leads__all_leads') }}),

acceptors as (select * from {{ ref('int_handoffs__acceptors') }}),

transfers as (
    select handoff_id, count(*) as transfers from {{ ref('int_handoffs__transfers') }}
    group by handoff_id
),

final as (

    select
        offers.handoff_id,
        offers.lead_id,
        offers.journey_number, offers.handoff_number,
        offers.offer_number, offers.next_offer_number,
        offers.offered_at,
        offers.offered_on,
        offers.has_time_of_day, offers.offered_earliest_at, offers.offered_latest_at,
        offers.journey_started_on,
        offers.next_offered_at, offers.next_offered_earliest_at,
        offers.offered_by_id,
        offers.offered_by_type,
        offers.offered_by_source_system,
        owners.owner_id as owner_id_at_offer,
        owners.owner_source_system,
        owners.team as team_at_offer,
        owners.manager_id as manager_id_at_offer,
        qualified.score_source_system,
        qualified.score as score_at_offer,
        qualified.fit_score as fit_score_at_offer,
        qualified.engagement_score as engagement_score_at_offer,
        qualified.attributes_met,
        qualified.met_definition as meets_definition, qualified.is_definition_open,
        qualified.least_engagement_score, qualified.most_fit_score,
        qualified.tier,
        offers.agreement_version,
        offers.judged_version,
        offers.scoring_rule_version,
        responses.response_due_at,
        responses.responded_at, responses.answered_at,
        responses.has_time_of_day as has_answer_time_of_day,
        responses.answered_earliest_at, responses.answered_latest_at,
        responses.answer,
        responses.is_expiry,
        case when responses.answer = 'accepted' then responses.responded_at end as accepted_at,
        case when responses.answer = 'accepted' then responses.actor_id end as accepted_by_id,
        case when responses.answer = 'accepted' then responses.actor_type end as accepted_by_type,
        acceptors.accepted_by_owner,
        coalesce(responses.answer = 'accepted' and responses.response_stage <> 'sal', false)
            as implicit_acceptance,
        case when responses.answer = 'rejected' then responses.responded_at end as rejected_at,
        case when responses.answer = 'rejected' then responses.actor_id end as rejected_by_id,
        case when responses.answer = 'rejected' then responses.actor_type end as rejected_by_type,
        rejections.rejection_stage,
        rejections.rejection_source_system,
        rejections.rejection_reason,
        rejections.rejection_family,
        rejections.rejection_number, rejections.rejection_latest_at,
        progress.sent_back_at,
        progress.sent_back_by_id,
        progress.sent_back_by_type,
        responses.is_expiry or progress.is_sent_back_by_clock as expired,
        coalesce(transfers.transfers, 0) as transfers,
        touch_dues.touches_due_from, touch_dues.touches_due_to,
        touch_counts.first_touch_at as first_touch_told_at,
        touch_counts.touches as touches_told,
        touch_counts.channels as channels_told,
        touch_counts.touches_before_rejection as touches_told_before_exit,
        touch_counts.channels_before_rejection as channels_told_before_exit,
        touch_counts.has_touch_before_rejection,
        progress.sal_at, progress.sql_at, progress.sql_actor_type,
        progress.won_at, progress.lost_at,
        deals.opportunity_id, deals.amount, deals.currency,
        leads.lead_source,
        campaigns.campaign_id
    from offers
    inner join owners on offers.handoff_id = owners.handoff_id
    inner join qualified on offers.handoff_id = qualified.handoff_id
    inner join responses on offers.handoff_id = responses.handoff_id
    inner join progress on offers.handoff_id = progress.handoff_id
    inner join touch_counts on offers.handoff_id = touch_counts.handoff_id
    inner join deals on offers.handoff_id = deals.handoff_id
    left join touch_dues on offers.handoff_id = touch_dues.handoff_id
    left join campaigns on offers.handoff_id = campaigns.handoff_id
    left join leads on offers.lead_id = leads.lead_id
    left join acceptors on offers.handoff_id = acceptors.handoff_id
    left join rejections on offers.handoff_id = rejections.handoff_id
    left join transfers on offers.handoff_id = transfers.handoff_id

)

select * from final
