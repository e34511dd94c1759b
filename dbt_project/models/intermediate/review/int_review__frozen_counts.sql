with draws as (

    select month from {{ ref('int_review__draws') }}

),

frozen as (

    select month, exit_kind, team from {{ ref('stg_review__populations') }}

),

final as (

    select
        frozen.month,
        frozen.exit_kind,
        frozen.team,
        count(*) as handoffs
    from frozen
    inner join draws on frozen.month = draws.month
    group by frozen.month, frozen.exit_kind, frozen.team

)

select * from final
