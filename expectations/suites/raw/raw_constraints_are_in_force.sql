-- The other expectations look at the night's rows only; these constraints stand for all the others.
with
raw_tables as (
    select relation.oid, namespace.nspname as schema_name, relation.relname as table_name
    from pg_class as relation
    inner join pg_namespace as namespace on namespace.oid = relation.relnamespace
    inner join pg_attribute as version_key
        on version_key.attrelid = relation.oid and version_key.attname = '_key'
    where namespace.nspname like 'raw\_%' and relation.relkind in ('r', 'p')
)

select raw_tables.schema_name, raw_tables.table_name, 'unique version' as missing
from raw_tables
where not exists (
    select
    from pg_index as index
    where index.indrelid = raw_tables.oid
        and index.indisunique and index.indisvalid and index.indpred is null
        and (
            select array_agg(attribute.attname::text order by attribute.attname::text)
            from pg_attribute as attribute
            where attribute.attrelid = raw_tables.oid
                and attribute.attnum = any(index.indkey::smallint[])
        ) = array['_content_hash', '_key', '_stamp']
)
union all
select raw_tables.schema_name, raw_tables.table_name, attribute.attname || ' not null'
from raw_tables
inner join pg_attribute as attribute on attribute.attrelid = raw_tables.oid
where attribute.attname in ('_key', '_stamp', '_content_hash') and not attribute.attnotnull
