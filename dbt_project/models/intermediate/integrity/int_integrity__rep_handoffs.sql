{{ config(indexes=[{'columns': ['handoff_id'], 'unique': true}]) }}

with handoffs as (

    select * from {{ ref('int_handoffs__judged') }}
    -- What a machine answered says nothing of the person; nor does what was taken back in time.
    where
        is_response_due
        and agreement_version is not null
        and outcome <> 'withdrawn'
        and coalesce(accepted_by_type, rejected_by_type, 'human') = 'human'

),

run as (

    select as_of from {{ source('build', 'build_context') }}

),

legs as (

    select handoff_id, leg_number, owner_id from {{ ref('int_handoffs__all_legs') }}

),

-- Whoever held the lead when it was answered, or when the answer was due in vain.
last_legs as (

    {{ first_per('legs', ['handoff_id'], ['leg_number desc']) }}

),

people as (

    select * from {{ ref('int_integrity__salespeople') }}

),

decisions as (

    select handoff_id, due_at, met_at from {{ ref('int_sla__all_clauses') }}
    where clause = 'decision'

),

final as (

    select
        handoffs.handoff_id,
        handoffs.lead_id,
        handoffs.offered_at,
        last_legs.owner_id as rep_id,
        reps.team as rep_team,
        -- The one who looked at the lead and passed it on, else the one who offered it.
        coalesce(routing.user_id, offering.user_id) as bdr_id,
        handoffs.outcome = 'accepted' as is_accepted,
        handoffs.outcome = 'accepted'
        and coalesce(decisions.due_at, {{ add_days('handoffs.accepted_at', 14) }}) < run.as_of
        and handoffs.touches is not null as is_progress_due,
        -- Moved on by a person, and not without a touch; where touches are not known, not counted.
        coalesce(
            handoffs.sql_actor_type = 'human'
            and {{ to_second('handoffs.first_touch_at') }} <= {{ to_second('handoffs.sql_at') }},
            false
        ) as is_progressed,
        -- Decided by a person in time, one way or the other.
        coalesce(decisions.met_at <= decisions.due_at, handoffs.sql_actor_type = 'human', false)
            as is_decided
    from handoffs
    cross join run
    inner join last_legs on handoffs.handoff_id = last_legs.handoff_id
    inner join people as reps
        on
            handoffs.judged_version = reps.agreement_version
            and last_legs.owner_id = reps.user_id
            and reps.is_rep
    left join people as routing
        on
            handoffs.judged_version = routing.agreement_version
            and handoffs.owner_id_at_offer = routing.user_id
            and routing.is_bdr
    left join people as offering
        on
            handoffs.judged_version = offering.agreement_version
            and handoffs.offered_by_id = offering.user_id
            and offering.is_bdr
    left join decisions on handoffs.handoff_id = decisions.handoff_id

)

select * from final
