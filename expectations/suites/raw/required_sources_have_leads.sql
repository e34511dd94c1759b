{% import "shared/night.sql" as shared %}
-- Every fact hangs on a lead. All raw tables exist from the beginning, in use or not; where an ELT
-- service lands the source, its table of leads is asked.
with
required as (
    {{ shared.required_sources() }}
),

with_leads as (
    {% for table in landed_tables if table.has_leads %}
    select {{ table.source }} as source
    where exists (
        select
        from {{ table.relation }} as landed
        where landed._first_night <= {{ shared.night() }}
    )
    union all
    {% endfor %}
    select null
    where false
)

select required.source
from required
left join with_leads on with_leads.source = required.source
where with_leads.source is null
