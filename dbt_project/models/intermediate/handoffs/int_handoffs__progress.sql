{{ config(indexes=[{'columns': ['handoff_id'], 'unique': true}]) }}

with responses as (

    select * from {{ ref('int_handoffs__responses') }}

),

moves as (

    select * from {{ ref('int_handoffs__moves') }}

),

terms as (

    select agreement_version, tier, due_in from {{ ref('stg_agreement__sla_terms') }}
    where clause = 'decision'

),

first_moves as (

    select
        handoff_id,
        min(transition_number) filter (where to_stage = 'sal') as sal_number,
        min(transition_number) filter (where to_stage = 'sql') as sql_number,
        min(entered_at) filter (where to_stage = 'sal') as sal_at,
        min(entered_at) filter (where to_stage = 'sql') as sql_at,
        min(earliest_at) filter (where to_stage = 'sal') as sal_earliest_at,
        min(latest_at) filter (where to_stage = 'sal') as sal_latest_at,
        min(earliest_at) filter (where to_stage = 'sql' and actor_type = 'human')
            as human_sql_earliest_at,
        min(latest_at) filter (where to_stage = 'sql' and actor_type = 'human')
            as human_sql_latest_at,
        min(entered_at) filter (where to_stage = 'won') as won_at,
        min(entered_at) filter (where to_stage = 'lost') as lost_at
    from moves
    group by handoff_id

),

sent_back as (

    select * from {{ ref('int_handoffs__sent_back') }}

),

decisions as (

    select
        moves.handoff_id,
        min(moves.entered_at) as decided_at,
        min(moves.earliest_at) as decided_earliest_at,
        min(moves.latest_at) as decided_latest_at,
        min(moves.transition_number) as decided_number
    from moves
    inner join first_moves
        on
            moves.handoff_id = first_moves.handoff_id
            and moves.transition_number > first_moves.sal_number
    where
        moves.actor_type = 'human'
        and moves.to_stage in ('sql', 'won', 'rejected', 'recycled', 'disqualified')
    group by moves.handoff_id

),

final as (

    select
        responses.handoff_id,
        first_moves.sal_at,
        first_moves.sql_at,
        sql_move.actor_type as sql_actor_type,
        first_moves.sal_earliest_at,
        first_moves.sal_latest_at,
        first_moves.human_sql_earliest_at,
        first_moves.human_sql_latest_at,
        first_moves.won_at,
        first_moves.lost_at,
        decisions.decided_at,
        decisions.decided_earliest_at,
        decisions.decided_latest_at,
        sent_back.sent_back_earliest_at,
        sent_back.sent_back_latest_at,
        sent_back.transition_number as sent_back_number,
        sent_back.sent_back_at,
        sent_back.actor_id as sent_back_by_id,
        sent_back.actor_type as sent_back_by_type,
        sent_back.source_system as sent_back_source_system,
        coalesce(
            sent_back.actor_type = 'automation'
            and first_moves.sal_number < sent_back.transition_number
            -- Once a person has decided, no clock is running that a machine could let run out.
            and coalesce(decisions.decided_number > sent_back.transition_number, true)
            and sent_back.sent_back_earliest_at
            > {{ add_days('first_moves.sal_latest_at', 'terms.due_in') }},
            false
        ) as is_sent_back_by_clock
    from responses
    inner join
        {{ ref('int_handoffs__offers') }} as offers
        on responses.handoff_id = offers.handoff_id
    inner join
        {{ ref('int_handoffs__qualified') }} as qualified
        on responses.handoff_id = qualified.handoff_id
    left join first_moves on responses.handoff_id = first_moves.handoff_id
    left join moves as sql_move
        on
            first_moves.handoff_id = sql_move.handoff_id
            and first_moves.sql_number = sql_move.transition_number
    left join sent_back on responses.handoff_id = sent_back.handoff_id
    left join decisions on responses.handoff_id = decisions.handoff_id
    left join terms
        on offers.judged_version = terms.agreement_version and qualified.tier = terms.tier

)

select * from final
