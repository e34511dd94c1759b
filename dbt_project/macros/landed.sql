{#
    What this run may see of a landed table: rows of folders dated on or before the night, and
    recorded before as_of where the source records a time. A stamp that is only the folder's date
    orders versions and never waits.
#}
{% macro visible_rows(source_name, table_name) %}
from {{ landed_table(source_name, table_name) }} as landed
cross join {{ source('build', 'build_context') }} as run
where
    landed._first_night <= run.night
    and (landed._stamp_from_folder or landed._stamp < run.as_of)
{%- endmacro %}

{# Columns that order the versions of one row; see rank_versions. #}
{% macro version_columns() -%}
    landed._stamp as version_stamp,
    landed._first_night as version_night,
    landed._load_id as load_id,
    to_jsonb(landed) as record
{%- endmacro %}

{#
    The versions of a relation with `version_rank`, their position among those of the same row, 1 being
    the newest: the largest stamp wins, then the later folder, then the larger canonical text (computed
    only where it decides). The relation brings what `version_columns` names.
#}
{% macro rank_versions(relation, key) -%}
    select
        versions.*,
        row_number() over (
            partition by {{ key }}
            order by
                version_stamp desc,
                version_night desc,
                case when versions_alike > 1 then {{ canonical_text('record') }} end collate "C" desc
        ) as version_rank
    from (
        select
            {{ relation }}.*,
            count(*) over (partition by {{ key }}, version_stamp, version_night) as versions_alike
        from {{ relation }}
    ) as versions
{%- endmacro %}

{#
    The text that decides between two versions of equal stamp and night: the values that say something,
    under their column names, sorted, as compact JSON; what landing added does not count.
#}
{% macro canonical_text(record) -%}
    (
        select '{' || string_agg(to_json(cell.key)::text || ':' || to_json(cell.value)::text, ',' order by cell.key collate "C") || '}'
        from jsonb_each_text({{ record }}) as cell
        where cell.value is not null and left(cell.key, 1) <> '_'
    )
{%- endmacro %}

{# The configured zone of a source: its timestamps without an offset are read in it. #}
{% macro source_zone(source_system) -%}
    coalesce(
        (
            select configured.time_zone
            from {{ ref('stg_agreement__sources') }} as configured
            where configured.source_system = '{{ source_system }}'
        ),
        'UTC'
    )
{%- endmacro %}

{# Landed yes/no text as boolean; no value is no. #}
{% macro to_boolean(expression) -%}
    coalesce(lower({{ expression }}) in ('true', '1', 'yes', 't', 'y'), false)
{%- endmacro %}

{# True for a version that this slot has not seen yet: landed since, of a newer night, or due only now. #}
{% macro is_news() -%}
    run.is_full
    or load_id > run.since_load_id
    or version_night > run.previous_night
    or version_stamp >= run.previous_as_of
{%- endmacro %}

{# Rows of folders this run may see that are recorded at or after as_of: they wait, and are not lost. #}
{% macro waiting_rows(source_name, table_name) %}
from {{ landed_table(source_name, table_name) }} as landed
cross join {{ source('build', 'build_context') }} as run
where
    landed._first_night <= run.night
    and not landed._stamp_from_folder
    and landed._stamp >= run.as_of
{%- endmacro %}
