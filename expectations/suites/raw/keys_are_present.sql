{% import "shared/night.sql" as shared %}
with
judged as (
    {{ shared.judged_loads() }}
)

{% for table in raw_tables %}
select
    {{ table.source }} as source,
    {{ table.name }} as table_name,
    version._key as key,
    version._load_id as load_id
from {{ table.relation }} as version
where (version._load_id is null or version._load_id in (select judged.load_id from judged))
    and (
        version._key is null
        or btrim(version._key) = ''
        or version._stamp is null
        or version._content_hash is null
        or version._content_hash = ''
    )
{{ "union all" if not loop.last }}
{% endfor %}
