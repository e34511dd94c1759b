{% import "shared/night.sql" as shared %}
select 'another night' as what, night::text as night, as_of::text as as_of
from build_context
where as_of is distinct from {{ shared.as_of() }} or night is distinct from {{ shared.night() }}
union all
select 'rows: ' || count(*), null, null
from build_context
having count(*) <> 1
