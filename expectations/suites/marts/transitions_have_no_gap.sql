with
in_order as (
    select
        transition_id,
        lead_id,
        transition_number,
        from_stage,
        to_stage,
        entered_at,
        exited_at,
        lag(transition_number) over per_lead as number_before,
        lag(to_stage) over per_lead as stage_before,
        lag(entered_at) over per_lead as entered_before,
        lag(exited_at) over per_lead as exited_before,
        lead(transition_number) over per_lead as number_after
    from fct_stage_transitions
    window per_lead as (partition by lead_id order by transition_number)
)

select transition_id, lead_id, transition_number
from in_order
where (
        number_before is null
        and (transition_number <> 1 or from_stage is not null)
    )
    or (
        number_before is not null
        and (
            transition_number <> number_before + 1
            or from_stage is distinct from stage_before
            or entered_at is distinct from exited_before
            or entered_at < entered_before
            or to_stage = from_stage
        )
    )
    or (number_after is null and exited_at is not null)
