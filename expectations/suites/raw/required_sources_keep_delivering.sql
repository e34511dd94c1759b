{% import "shared/night.sql" as shared %}
-- Two questions. Has the source been away for too many days? And, once it has a rhythm (as many
-- deliveries as nights are compared), has it left out more working days than it ever did before?
with
required as (
    {{ shared.required_sources_of_files() }}
),

days as (
    {{ shared.days() }}
),

deliveries as (
    select distinct source, night
    from ops.loads
    where night <= {{ shared.night() }} and status <> 'ignored'
),

pauses as (
    select
        source,
        night,
        lag(night) over (partition by source order by night) as night_before
    from deliveries
),

skipped as (
    select
        pauses.source,
        pauses.night,
        pauses.night - pauses.night_before as days_between,
        (
            select count(*)
            from days
            where not days.is_quiet
                and days.day + 1 > pauses.night_before and days.day + 1 < pauses.night
        ) as working_days_left_out
    from pauses
    where pauses.night > {{ shared.night() }} - 60
),

rhythm as (
    select
        source,
        count(*) as deliveries,
        coalesce(max(days_between), 0) as longest_pause,
        coalesce(max(working_days_left_out), 0) as most_left_out
    from skipped
    group by source
),

last_delivery as (
    select source, max(night) as night
    from deliveries
    group by source
),

now_missing as (
    select
        required.source,
        last_delivery.night as last_delivered,
        {{ shared.night() }} - last_delivery.night as days_away,
        (
            select count(*)
            from days
            where not days.is_quiet
                and days.day + 1 > last_delivery.night and days.day + 1 <= {{ shared.night() }}
        ) as working_days_left_out
    from required
    inner join last_delivery on last_delivery.source = required.source
)

select
    now_missing.source,
    now_missing.last_delivered,
    now_missing.days_away,
    now_missing.working_days_left_out
from now_missing
left join rhythm on rhythm.source = now_missing.source
where now_missing.days_away > greatest(
        {{ shared.limit("delivery_days", "now_missing.source") }},
        coalesce(rhythm.longest_pause, 0) + 1
    )
    or (rhythm.deliveries >= {{ shared.limit("compared_nights", "now_missing.source") }}
        and now_missing.working_days_left_out > rhythm.most_left_out)
