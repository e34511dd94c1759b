{{ config(materialized='view') }}

with handoffs as (

    select * from {{ ref('int_handoffs__judged') }}

),

second_answers as (

    select * from {{ ref('int_waterfall__second_answers') }}

),

restated as (

    select
        handoffs.*,
        coalesce(second_answers.outcome, handoffs.outcome) as restated_outcome,
        case
            when second_answers.handoff_id is null then handoffs.accepted_at
            else second_answers.accepted_at
        end as restated_accepted_at,
        case
            when second_answers.handoff_id is null then handoffs.accepted_by_type
            else second_answers.accepted_by_type
        end as restated_accepted_by_type
    from handoffs
    left join second_answers on handoffs.handoff_id = second_answers.handoff_id

),

told as (

    select
        restated.*,
        outcome = 'accepted' and accepted_by_type = 'human' as is_by_person,
        outcome = 'accepted' and accepted_by_type = 'automation' as is_by_machine,
        restated_outcome = 'accepted' and restated_accepted_by_type = 'human'
            as is_restated_by_person
    from restated

),

final as (

    select
        contributions.measure,
        told.lead_id,
        told.journey_number,
        told.lead_source,
        told.tier,
        told.team_at_offer as team,
        contributions.moment,
        case when contributions.measure = 'amount_won' then told.amount else 1 end as amount,
        case when contributions.measure = 'amount_won' then told.currency end as currency
    from told
    cross join
        lateral (
            values
            ('handoffs', offered_at, true),
            ('due', offered_at, is_response_due and outcome <> 'withdrawn'),
            ('due_accepted_by_person', offered_at, is_response_due and is_by_person),
            ('pending', offered_at, outcome = 'pending'),
            ('accepted', accepted_at, outcome = 'accepted'),
            ('accepted_by_person', accepted_at, is_by_person),
            ('accepted_by_machine', accepted_at, is_by_machine),
            ('rejected', rejected_at, outcome = 'rejected'),
            ('ignored', response_due_at, outcome = 'ignored'),
            ('amount_won', won_at, won_at is not null and amount is not null),
            ('restated_due', offered_at, is_response_due and restated_outcome <> 'withdrawn'),
            (
                'restated_due_accepted_by_person',
                offered_at,
                is_response_due and is_restated_by_person
            ),
            ('restated_pending', offered_at, restated_outcome = 'pending'),
            ('restated_accepted', restated_accepted_at, restated_outcome = 'accepted'),
            ('restated_accepted_by_person', restated_accepted_at, is_restated_by_person)
        ) as contributions (measure, moment, is_counted)
    where contributions.is_counted

)

select * from final
