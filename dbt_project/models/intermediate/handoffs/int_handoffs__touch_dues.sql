{{ config(indexes=[{'columns': ['handoff_id'], 'unique': true}]) }}

with dues as (

    select handoff_id, clause, due_at from {{ ref('int_sla__clocks') }}

    union all

    select handoff_id, clause, due_at from {{ ref('int_sla__counts') }}

),

final as (

    select
        handoff_id,
        min(due_at) as touches_due_from,
        max(due_at) as touches_due_to
    from dues
    where clause in {{ touch_clauses() }} and due_at is not null
    group by handoff_id

)

select * from final
