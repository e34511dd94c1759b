{% import "shared/night.sql" as shared %}
with
landed as (
    select distinct source, object, {{ shared.table_of("object") }} as table_name
    from ops.loads
    where status = 'loaded' and night <= {{ shared.night() }}
)

select source, object, table_name
from landed
where to_regclass(quote_ident('raw_' || source) || '.' || quote_ident(table_name)) is null
