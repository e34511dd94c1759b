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
        case
            when handoffs.answer is not null then handoffs.answer
            when handoffs.is_expiry then 'ignored'
            when
                handoffs.next_offered_at is not null
                and (
                    handoffs.response_due_at is null
                    or handoffs.next_offered_at <= handoffs.response_due_at
                )
                then 'withdrawn'
            when handoffs.response_due_at < run.as_of then 'ignored'
            else 'pending'
        end as outcome,
        coalesce(handoffs.response_due_at < run.as_of, false) as is_response_due,
        run.as_of as run_as_of
    from handoffs
    cross join run

)

select * from final
