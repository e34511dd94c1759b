-- Times in stage add up to a lead's life only where one stage ends as the next begins.
with steps as (

    select
        transition_id,
        lead_id,
        exited_at,
        to_stage,
        lead(entered_at) over (partition by lead_id order by transition_number) as next_entered_at,
        lead(from_stage) over (partition by lead_id order by transition_number) as next_from_stage
    from {{ ref('fct_stage_transitions') }}

)

select *
from steps
where
    exited_at is distinct from next_entered_at
    or (next_entered_at is not null and next_from_stage is distinct from to_stage)
