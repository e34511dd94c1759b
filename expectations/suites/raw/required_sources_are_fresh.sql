{% import "shared/night.sql" as shared %}
{% import "freshness.sql" as freshness %}
-- The newest change before as_of: a row dated in the future must not make a source look fresh for
-- ever, nor a stamp that was taken from the folder's date. A source that has delivered only once
-- may be an old file on purpose; whether it keeps coming is another expectation's question. An ELT
-- service syncs each table by itself, so each of its tables is judged by its own rhythm too.
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
    {% for table in landed_tables %}
    select
        {{ table.source }} as source,
        {{ table.schema }} as schema_name,
        {{ table.name }} as table_name,
        {{ table.is_elt | lower }} as is_elt,
        (_stamp at time zone 'UTC')::date as day,
        max(_stamp) as newest_stamp
    from {{ table.relation }} as landed
    where not _stamp_from_folder
        and _stamp < {{ shared.as_of() }}
        and _stamp >= {{ shared.as_of() }} - interval '{{ freshness.freshness_memory_days() }} days'
        and _first_night <= {{ shared.night() }}
    group by 5
    {{ "union all" if not loop.last }}
    {% endfor %}
),

-- The whole source is the unit without a name.
units as (
    select source, '' as unit, schema_name, table_name, is_elt, day, newest_stamp
    from changes
    union all
    select source, table_name, schema_name, table_name, is_elt, day, newest_stamp
    from changes
    where is_elt
),

rhythms as (
    {{ freshness.freshness_rhythms("units") }}
),

newest as (
    select distinct on (source, unit) source, unit, schema_name, table_name, newest_stamp
    from units
    order by source, unit, newest_stamp desc, schema_name, table_name
),

judged as (
    select
        rhythms.*,
        {{ freshness.stale_after_days(
            "rhythms", shared.limit("freshness_days", "rhythms.source")
        ) }} as stale_after_days
    from rhythms
),

elt_sources as (
    select jsonb_object_keys(current_setting('judging.elt')::jsonb) as source
)

select
    required.source,
    newest.schema_name,
    newest.table_name,
    to_char(newest.newest_stamp at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') as newest_change,
    ({{ shared.as_of() }} at time zone 'UTC')::date - judged.newest_day as days_old
from required
left join deliveries on deliveries.source = required.source
left join elt_sources on elt_sources.source = required.source
left join judged on judged.source = required.source
left join newest on newest.source = judged.source and newest.unit = judged.unit
where (deliveries.nights > 1 or elt_sources.source is not null)
    and (
        judged.source is null
        or ({{ shared.as_of() }} at time zone 'UTC')::date - judged.newest_day
        > judged.stale_after_days
    )
