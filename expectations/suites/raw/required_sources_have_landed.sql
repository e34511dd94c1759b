{% import "shared/night.sql" as shared %}
with
required as (
    {{ shared.required_sources_of_files() }}
),

landed as (
    select distinct source
    from ops.loads
    where status = 'loaded' and night <= {{ shared.night() }}
)

select required.source
from required
left join landed on landed.source = required.source
where landed.source is null
union all
select '(any source)'
where not exists (select from landed)
    and not exists (select jsonb_object_keys(current_setting('judging.elt')::jsonb))
