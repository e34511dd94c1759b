{{ config(materialized='view') }}

with months as (

    select month, starts_at, ends_at from {{ ref('int_trends__months') }}

),

draws as (

    select month, drawn_at from {{ ref('int_review__draws') }}
    where drawn_at is not null

),

final as (

    -- The draw of May is held in June: both are months of the review.
    select
        months.month,
        count(draws.month) filter (where draws.drawn_at < months.starts_at) as reviews_held_before,
        coalesce(
            bool_or(
                draws.month = months.month
                or (draws.drawn_at >= months.starts_at and draws.drawn_at < months.ends_at)
            ),
            false
        ) as is_review_month
    from months
    left join draws on months.ends_at > draws.drawn_at or months.month = draws.month
    group by months.month

)

select * from final
