{% import "shared/night.sql" as shared %}
-- Ruling 118. A quiet history is no broken one: what breaks the night is that the parent's versions
-- show changes, since the history's last row, of fields that it has told before. A blank is no
-- change, since a file may lack the column; nor is another way to write an id or a number.
{% macro said(value) -%}
    regexp_replace(
        case
            when length(btrim({{ value }})) = 18 then left(lower(btrim({{ value }})), 15)
            else lower(btrim({{ value }}))
        end,
        '\.0*$', ''
    )
{%- endmacro %}

with
stopped as (
    select
        null::text as source,
        null::text as object,
        null::text as last_row,
        null::text as parent,
        null::bigint as versions,
        null::bigint as nights
    where false
    {% for stream in streams %}
    union all
    (
        with
        history as (
            select history._stamp as stamp, lower(btrim({{ stream.told }})) as told
            from {{ stream.history }} as history
            where history._first_night <= {{ shared.night() }}
                and history._stamp < {{ shared.as_of() }}
        ),

        last_row as (
            select max(history.stamp) as stamp
            from history
        ),

        told as (
            select distinct history.told
            from history
            where history.told is not null
        ),

        parent as (
            select version.*
            from {{ stream.versions }} as version
            where version._first_night <= {{ shared.night() }}
                and version._stamp < {{ shared.as_of() }}
                and not version._stamp_from_folder
        ),

        delivered as (
            select distinct parent._first_night as night
            from parent
            cross join last_row
            where parent._first_night > (last_row.stamp at time zone 'UTC')::date
            union
            select load.night
            from ops.loads as load
            cross join last_row
            where load.source = {{ stream.source }}
                and load.object = {{ stream.parent }}
                and load.status = 'loaded'
                and load.night > (last_row.stamp at time zone 'UTC')::date
                and load.night <= {{ shared.night() }}
        ),

        enough as (
            select count(*) as nights
            from delivered
            having count(*) >= {{ shared.limit("held_nights", stream.source) }}
        ),

        moved as (
            select parent.*
            from parent
            cross join enough
            where parent._key in (
                select changed._key
                from parent as changed
                cross join last_row
                where changed._stamp > last_row.stamp
            )
        ),

        changes as (
            {% for field in stream.fields %}
            select moved._key, moved._stamp, {{ field.told }} as told
            from (
                select
                    _key,
                    _stamp,
                    {{ said(field.column) }} as value,
                    lag({{ said(field.column) }}) over (
                        partition by _key order by _stamp, _first_night
                    ) as value_before
                from moved
            ) as moved
            where moved.value <> moved.value_before
            {{ "union all" if not loop.last }}
            {% endfor %}
        )

        select
            {{ stream.source }} as source,
            {{ stream.object }} as object,
            to_char(last_row.stamp at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') as last_row,
            {{ stream.parent }} as parent,
            count(distinct (changes._key, changes._stamp)) as versions,
            max(enough.nights) as nights
        from last_row
        cross join enough
        inner join changes on changes._stamp > last_row.stamp
        inner join told on told.told = changes.told
        group by last_row.stamp
    )
    {% endfor %}
)

select source, object, last_row, parent, versions, nights
from stopped
where versions >= {{ shared.limit("held_versions", "stopped.source") }}
