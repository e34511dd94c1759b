{% import "shared/night.sql" as shared %}
-- A folder may be tried again: what counts is the latest attempt.
with
required as (
    {{ shared.required_sources() }}
),

attempts as (
    select
        *,
        row_number() over (partition by source, object, night order by load_id desc) as from_last
    from ops.loads
    where status <> 'ignored'
),

judged as (
    {{ shared.judged_loads() }}
)

select
    attempts.source,
    attempts.object,
    attempts.night,
    coalesce(attempts.error_name, 'failed') as error_name
from attempts
inner join judged on judged.load_id = attempts.load_id
inner join required on required.source = attempts.source
where attempts.from_last = 1 and attempts.status = 'failed'
