with handoffs as (

    select * from {{ ref('int_handoffs__judged') }}
    where next_offer_number is null

),

leads as (

    select lead_id, current_stage, current_owner_id, is_deleted
    from {{ ref('int_leads__all_leads') }}

),

last_touches as (

    select
        lead_id,
        max(occurred_at) as last_touch_at,
        max(occurred_second) as last_touch_second
    from {{ ref('int_handoffs__all_touches') }}
    where user_id is not null
    group by lead_id

),

dropped as (

    select
        handoffs.*,
        case
            when outcome = 'accepted' then 'sent_back'
            else outcome
        end as dropped_as,
        case outcome
            when 'ignored' then response_due_at
            else coalesce(rejected_at, sent_back_at)
        end as dropped_at
    from handoffs
    where outcome in ('ignored', 'rejected') or sent_back_at is not null

),

final as (

    select
        dropped.lead_id,
        dropped.handoff_id,
        dropped.dropped_as,
        dropped.dropped_at,
        round({{ seconds_between('dropped.dropped_at', 'dropped.run_as_of') }} / 3600, 6)
            as hours_since_dropped,
        coalesce(dropped.rejected_by_type, dropped.sent_back_by_type) as dropped_by_type,
        dropped.rejection_reason,
        dropped.rejection_family,
        dropped.owner_id_at_offer,
        dropped.team_at_offer,
        dropped.manager_id_at_offer,
        leads.current_owner_id,
        leads.current_stage,
        last_touches.last_touch_at,
        dropped.tier,
        dropped.score_at_offer,
        dropped.met_definition,
        dropped.lead_source,
        dropped.campaign_id,
        leads.is_deleted,
        dropped.run_as_of
    from dropped
    inner join leads on dropped.lead_id = leads.lead_id
    left join last_touches on dropped.lead_id = last_touches.lead_id
    where
        -- A touch in the same second lies before the drop. Whoever took the lead up again since
        -- has it in hand, touched or not.
        coalesce(last_touches.last_touch_second <= {{ to_second('dropped.dropped_at') }}, true)
        and leads.current_stage not in {{ accepting_stages() }}

)

select * from final
