with
in_order as (
    select
        transition_id,
        lead_id,
        direction,
        journey_number,
        lag(journey_number) over (partition by lead_id order by transition_number)
            as journey_before
    from fct_stage_transitions
)

select transition_id, lead_id, journey_number, direction
from in_order
where direction not in ('start', 'forward', 'exit', 'backward', 'reentry')
    or (journey_before is null) <> (direction = 'start')
    or journey_number <> coalesce(journey_before, 1) + (direction = 'reentry')::integer
