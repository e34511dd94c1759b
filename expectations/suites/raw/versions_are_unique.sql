{% import "shared/night.sql" as shared %}
-- The night's versions against all versions: the older ones were judged when they came.
with
judged as (
    {{ shared.judged_loads() }}
)

{% for table in raw_tables %}
select
    {{ table.source }} as source,
    {{ table.name }} as table_name,
    version._key as key,
    version._stamp as stamp
from {{ table.relation }} as version
where version._load_id in (select judged.load_id from judged)
    and exists (
        select
        from {{ table.relation }} as other
        where other._key = version._key
            and other._stamp = version._stamp
            and other._content_hash = version._content_hash
            and other.ctid <> version.ctid
    )
{{ "union all" if not loop.last }}
{% endfor %}
