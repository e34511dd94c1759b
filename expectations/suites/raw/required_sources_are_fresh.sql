{% import "shared/night.sql" as shared %}
-- The newest change before as_of: a row dated in the future must not make a source look fresh for
-- ever, nor a stamp that was taken from the folder's date. A source that has delivered only once
-- may be an old file on purpose; whether it keeps coming is another expectation's question.
with
required as (
    {{ shared.required_sources() }}
),

deliveries as (
    select source, count(distinct night) as nights
    from ops.loads
    where status = 'loaded' and night <= {{ shared.night() }}
    group by source
),

changes as (
    {% for table in raw_tables %}
    select distinct {{ table.source }} as source, (_stamp at time zone 'UTC')::date as day
    from {{ table.relation }}
    where not _stamp_from_folder
        and _stamp < {{ shared.as_of() }}
        and _stamp >= {{ shared.as_of() }} - interval '180 days'
        and _first_night <= {{ shared.night() }}
    {{ "union" if not loop.last }}
    {% endfor %}
),

pauses as (
    select
        source,
        day,
        day - lag(day) over (partition by source order by day) as days_between
    from changes
),

rhythm as (
    select
        source,
        max(day) as newest,
        count(*) as days_with_changes,
        coalesce(max(days_between), 0) as longest_pause
    from pauses
    group by source
)

select
    required.source,
    rhythm.newest as newest_change,
    ({{ shared.as_of() }} at time zone 'UTC')::date - rhythm.newest as days_old
from required
inner join deliveries on deliveries.source = required.source
left join rhythm on rhythm.source = required.source
where deliveries.nights > 1
    -- Fewer days than this show no rhythm; a handful of leads a year is a small company.
    and coalesce(rhythm.days_with_changes, 5) >= 5
    and (
        rhythm.newest is null
        or ({{ shared.as_of() }} at time zone 'UTC')::date - rhythm.newest > greatest(
            {{ shared.limit("freshness_days", "required.source") }}, 2 * rhythm.longest_pause
        )
    )
