with exits as (

    select * from {{ ref('int_review__exit_counts') }}

),

frozen as (

    select * from {{ ref('int_review__frozen_counts') }}

),

cases as (

    select * from {{ ref('int_review__cases') }}

),

draws as (

    select * from {{ ref('int_review__draws') }}

),

run as (

    select as_of from {{ source('build', 'build_context') }}

),

-- What the marts hold by now, what was frozen, and what was drawn from that.
counted as (

    select month, exit_kind, team, 'population' as measure, handoffs from exits

    union all

    select month, exit_kind, team, 'frozen', handoffs from frozen

    union all

    select month, exit_kind, team, 'drawn', 1 from cases

    union all

    select month, exit_kind, team, verdict, 1 from cases
    where verdict is not null

),

summed as (

    select
        counted.month,
        kinds.exit_kind,
        segments.segment,
        cast(coalesce(sum(handoffs) filter (where measure = 'population'), 0) as bigint)
            as population,
        cast(coalesce(sum(handoffs) filter (where measure = 'frozen'), 0) as bigint)
            as frozen_population,
        count(*) filter (where measure = 'drawn') as drawn,
        count(*) filter (where measure = 'valid') as valid,
        count(*) filter (where measure = 'invalid') as invalid,
        count(*) filter (where measure = 'cannot_tell') as cannot_tell,
        count(*) filter (where measure = 'disputed') as disputed
    from counted
    cross join lateral (values ('all'), (counted.exit_kind)) as kinds (exit_kind)
    cross join
        lateral (
            values ('all'), (coalesce('team:' || counted.team, 'no_team'))
        ) as segments (segment)
    group by counted.month, kinds.exit_kind, segments.segment

),

reviewed as (

    select
        summed.*,
        valid + invalid + cannot_tell + disputed as reviewed
    from summed

),

final as (

    select
        reviewed.month,
        reviewed.exit_kind,
        reviewed.segment,
        reviewed.population,
        reviewed.frozen_population,
        reviewed.drawn,
        reviewed.reviewed,
        reviewed.valid,
        reviewed.invalid,
        reviewed.cannot_tell,
        reviewed.disputed,
        reviewed.drawn - reviewed.reviewed as unreviewed,
        draws.frozen_at,
        draws.drawn_at,
        draws.drawn_at is not null and reviewed.drawn = reviewed.reviewed and reviewed.disputed = 0
            as is_mature,
        run.as_of as run_as_of
    from reviewed
    cross join run
    left join draws on reviewed.month = draws.month

)

select * from final
