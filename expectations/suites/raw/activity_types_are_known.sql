{% import "shared/night.sql" as shared %}
-- The subscription's own list decides, where it was delivered.
with
judged as (
    {{ shared.judged_loads() }}
),

activities as (
    select activity.activity_type_id, known.id is null as is_unknown
    from raw_marketo.activities as activity
    left join (select distinct id from raw_marketo.activity_types) as known
        on known.id = activity.activity_type_id
    where activity._load_id in (select judged.load_id from judged)
),

share as (
    select count(*) as rows, count(*) filter (where is_unknown) as unknown
    from activities
)

select activities.activity_type_id, count(*) as rows
from activities
cross join share
where activities.is_unknown
    and exists (select from raw_marketo.activity_types)
    and share.unknown >= {{ shared.limit("unknown_type_floor", "'marketo'") }}
    and share.unknown > share.rows * {{ shared.limit("unknown_type_share", "'marketo'") }}
group by activities.activity_type_id
