with handoffs as (

    select agreement_version, touches_told, touches_due_from
    from {{ ref('int_handoffs__all_handoffs') }}
    where answer = 'accepted' and accepted_by_type = 'human'

),

run as (

    select as_of from {{ source('build', 'build_context') }}

),

limits as (

    select thin_from_handoffs, thin_below_share
    from {{ ref('int_agreement__limits') }}
    where is_in_force

),

counted as (

    select
        handoffs.agreement_version,
        count(*) as handoffs,
        count(*) filter (where handoffs.touches_told > 0) as touched
    from handoffs
    cross join run
    where handoffs.touches_due_from < run.as_of
    group by handoffs.agreement_version

),

final as (

    select counted.agreement_version, counted.handoffs, counted.touched
    from counted
    cross join limits
    where
        counted.handoffs >= limits.thin_from_handoffs
        and counted.touched < limits.thin_below_share * counted.handoffs

)

select * from final
