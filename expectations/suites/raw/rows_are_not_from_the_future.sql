{% import "shared/night.sql" as shared %}
-- Single rows from the future are findings; a large share of them is a clock that goes wrong.
with
judged as (
    {{ shared.judged_loads() }}
),

dated as (
    {% for table in raw_tables %}
    select
        {{ table.source }} as source,
        {{ table.name }} as table_name,
        count(*) as rows,
        count(*) filter (
            where version._stamp > {{ shared.as_of() }} + interval '1 day'
        ) as rows_in_the_future
    from {{ table.relation }} as version
    where not version._stamp_from_folder
        and version._load_id in (select judged.load_id from judged)
    {{ "union all" if not loop.last }}
    {% endfor %}
)

select source, table_name, rows, rows_in_the_future
from dated
where rows_in_the_future >= {{ shared.limit("future_floor", "dated.source") }}
    and rows_in_the_future > rows * {{ shared.limit("future_share", "dated.source") }}
