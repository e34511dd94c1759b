{{ config(materialized='view') }}

with handoffs as (

    select * from {{ ref('int_handoffs__judged') }}

),

months as (

    select month, starts_at, ends_at from {{ ref('int_trends__months') }}

),

-- The same kinds and moments as the population that the review freezes.
exits as (

    select
        handoff_id,
        case
            when outcome = 'ignored' then 'ignored'
            when outcome = 'rejected' and rejected_by_type = 'automation' then 'machine'
            when outcome = 'rejected' then 'rejected'
            when sent_back_by_type = 'automation' then 'machine'
            else 'sent_back'
        end as exit_kind,
        case outcome
            when 'rejected' then rejected_at
            when 'accepted' then sent_back_at
            when 'ignored' then response_due_at
        end as decided_at,
        {{ nfc('team_at_offer') }} as team
    from handoffs
    where outcome in ('rejected', 'accepted', 'ignored')

),

final as (

    select
        exits.handoff_id,
        months.month,
        exits.exit_kind,
        exits.decided_at,
        exits.team
    from exits
    inner join months on exits.decided_at >= months.starts_at and exits.decided_at < months.ends_at

)

select * from final
