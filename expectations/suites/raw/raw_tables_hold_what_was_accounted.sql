{% import "shared/night.sql" as shared %}
-- A version counts once when it arrives, as new (its key was unknown) or as updated. A table that
-- no load ever wrote is filled by somebody else's service and has no account.
with
accounted as (
    select
        source,
        {{ shared.table_of("object") }} as table_name,
        sum(rows_new + rows_updated) as rows
    from ops.loads
    where status = 'loaded'
    group by 1, 2
),

-- What somebody took out is accounted for there.
withdrawn as (
    select source, table_name, count(*) as rows
    from ops.withdrawals
    group by 1, 2
),

held as (
    {% for table in raw_tables %}
    select {{ table.source }} as source, {{ table.name }} as table_name, count(*) as rows
    from {{ table.relation }}
    {{ "union all" if not loop.last }}
    {% endfor %}
)

select
    held.source,
    held.table_name,
    held.rows as rows_held,
    accounted.rows - coalesce(withdrawn.rows, 0) as rows_accounted
from held
inner join accounted
    on accounted.source = held.source and accounted.table_name = held.table_name
left join withdrawn
    on withdrawn.source = held.source and withdrawn.table_name = held.table_name
where held.rows <> accounted.rows - coalesce(withdrawn.rows, 0)
