{% import "shared/night.sql" as shared %}
with
judged as (
    {{ shared.judged_loads() }}
)

{% for table in raw_tables %}
{% for boolean in table.booleans %}
select
    {{ table.source }} as source,
    {{ table.name }} as table_name,
    {{ boolean.literal }} as column_name,
    version._key as key
from {{ table.relation }} as version
where version._load_id in (select judged.load_id from judged)
    and lower(btrim(version.{{ boolean.column }})) not in ('true', 'false', '1', '0', 'yes', 'no')
union all
{% endfor %}
{% endfor %}
select null, null, null, null
where false
