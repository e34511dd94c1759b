with exits as (

    select month, exit_kind, team from {{ ref('int_review__exits') }}

),

final as (

    select
        month,
        exit_kind,
        team,
        count(*) as handoffs
    from exits
    group by month, exit_kind, team

)

select * from final
