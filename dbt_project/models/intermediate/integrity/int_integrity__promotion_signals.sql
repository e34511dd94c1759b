{{ config(materialized='view') }}

with moves as (

    select * from {{ ref('int_integrity__promotions') }}
    where not is_registered

),

limits as (

    select agreement_version, promotion_tolerance_days, promotion_batch_size
    from {{ ref('int_agreement__limits') }}

),

-- A move matches a timer of a group that it is in, where its own whole days are those.
matched as (

    select moves.transition_id, timers.*
    from moves
    inner join {{ ref('int_integrity__inferred_timers') }} as timers
        on
            moves.from_stage = timers.from_stage
            and moves.to_stage = timers.to_stage
            and moves.whole_days = timers.timer_days
            and (timers.actor_id is null or moves.actor_id = timers.actor_id)
    where moves.is_silent and moves.has_times_of_day

),

inferred as (

    {{ first_per('matched', ['transition_id'], ['p_corrected', 'actor_id nulls first']) }}

),

signalled as (

    select
        moves.*,
        exists(
            select 1 from {{ each_listed(threshold_text(
                'silent_auto_promotion', 'timer_days', 'moves.agreement_version', '14'
            )) }} as timer (days)
            where
                moves.least_elapsed_days
                >= cast(timer.days as numeric) - limits.promotion_tolerance_days
                and moves.most_elapsed_days
                <= cast(timer.days as numeric) + limits.promotion_tolerance_days
        ) as has_listed_timer,
        inferred.timer_days as inferred_timer_days,
        inferred.evidence as inferred_timer,
        moves.in_batch >= limits.promotion_batch_size as has_batch
    from moves
    inner join limits on moves.agreement_version = limits.agreement_version
    left join inferred on moves.transition_id = inferred.transition_id
    -- Silence is the condition and no signal. Into won a machine is enough; where nobody knows
    -- whether a move was silent, a machine's alone is judged.
    where
        moves.is_silent
        or (moves.to_stage = 'won' and moves.actor_type = 'automation')
        or (moves.is_silent is null and moves.is_machine)

),

final as (

    select
        signalled.*,
        has_listed_timer or inferred_timer_days is not null as has_timer,
        -- A person's move, or one of which nobody knows whether it was silent, is possible at most.
        is_machine and is_silent is not null as may_be_more_than_possible,
        concat_ws(
            ', ',
            case when is_machine then 'reason "' || reason || '"' end,
            case when actor_type = 'automation' then 'user ' || actor_id end,
            'a timer of ' || coalesce(
                inferred_timer_days, case when has_listed_timer then round(elapsed_days) end
            ) || ' days'
        ) as rule_suspected
    from signalled

)

select * from final
