{{ config(materialized='view') }}

with handoffs as (

    select * from {{ ref('int_handoffs__all_handoffs') }}

),

run as (

    select as_of from {{ source('build', 'build_context') }}

),

final as (

    -- The one thing about a handoff that time alone changes.
    select
        handoffs.*,
        {{ handoff_outcome(
            'handoffs.answer', 'handoffs.is_expiry', 'handoffs.next_offered_at',
            'handoffs.response_due_at', 'run.as_of'
        ) }} as outcome,
        coalesce(handoffs.response_due_at < run.as_of, false) as is_response_due,
        run.as_of as run_as_of
    from handoffs
    cross join run

)

select * from final
