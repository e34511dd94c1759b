{{ config(materialized='view') }}

with handoffs as (

    select * from {{ ref('int_handoffs__judged') }}

),

versions as (

    select time_zone, in_force_from, in_force_to from {{ ref('int_agreement__versions') }}

),

final as (

    select
        handoffs.handoff_id,
        handoffs.lead_id,
        {{ local_month('handoffs.offered_at', 'versions.time_zone') }}
            as month,
        handoffs.offered_at,
        handoffs.offered_by_id,
        handoffs.offered_by_source_system,
        handoffs.owner_id_at_offer,
        handoffs.owner_source_system,
        handoffs.team_at_offer,
        handoffs.agreement_version,
        handoffs.judged_version,
        handoffs.scoring_rule_version,
        handoffs.score_at_offer,
        handoffs.tier,
        handoffs.met_definition,
        handoffs.lead_source,
        handoffs.outcome,
        handoffs.accepted_by_type,
        -- The headline rate: what a person accepted, of all that had to be answered by now.
        handoffs.is_response_due and handoffs.outcome <> 'withdrawn' as is_rated,
        handoffs.is_response_due
        and handoffs.outcome = 'accepted'
        and handoffs.accepted_by_type = 'human' as is_rated_acceptance,
        -- A machine's rejection is nobody's judgement of the lead, whatever it says.
        case
            when handoffs.outcome <> 'rejected' then null
            when handoffs.rejected_by_type = 'automation' then 'machine'
            when handoffs.rejection_family in ('procedural', 'clerical', 'definitional')
                then handoffs.rejection_family
            else 'other'
        end as rejected_as,
        handoffs.sent_back_at is not null as is_sent_back,
        handoffs.sql_at is not null as is_sql,
        coalesce(handoffs.sql_actor_type = 'human', false) as is_sql_by_person,
        handoffs.won_at is not null as is_won,
        case when handoffs.won_at is not null then handoffs.amount end as amount_won,
        -- Currency of that amount; an amount whose source names none is in a currency of its own.
        case
            when handoffs.won_at is not null and handoffs.amount is not null
                then coalesce(handoffs.currency, 'none')
        end as currency_won
    from handoffs
    inner join versions
        on
            handoffs.offered_at >= versions.in_force_from
            and handoffs.offered_at < versions.in_force_to

)

select * from final
