with run as (

    select as_of from {{ source('build', 'build_context') }}

),

-- A night sees what had been recorded by its as_of: a freeze, and the draw only once it was made.
final as (

    select
        cast(draws.month || '-01' as date) as month,
        draws.draw_id,
        draws.frozen_at,
        draws.population_size,
        case when draws.drawn_at < run.as_of then draws.drawn_at end as drawn_at,
        case when draws.drawn_at < run.as_of then draws.sample_size end as sample_size
    from {{ source('review', 'draws') }} as draws
    cross join run
    where draws.frozen_at < run.as_of

)

select * from final
