with
numbered as (
    select
        handoff_id,
        lead_id,
        journey_number,
        handoff_number,
        row_number() over (
            partition by lead_id, journey_number order by handoff_number
        ) as expected_number,
        offered_at < lag(offered_at) over (
            partition by lead_id, journey_number order by handoff_number
        ) as is_out_of_order
    from fct_handoffs
)

select handoff_id, lead_id, journey_number, handoff_number
from numbered
where handoff_number <> expected_number or is_out_of_order
