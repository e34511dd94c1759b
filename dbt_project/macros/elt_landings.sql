{#
    Tables that an ELT service keeps, in the shape of the raw tables, so that staging reads either.
    The var elt_landings, which is the setting HANDOFF_ELT_LANDINGS, names the schema of a source;
    see docs/connecting.md.
#}

{# What staging reads of a landed table: the raw table, or the ELT service's in its shape. #}
{% macro landed_table(source_name, table_name) -%}
    {%- set raw = source(source_name, table_name) -%}
    {%- set landing = elt_landing(source_name, table_name) -%}
    {%- if landing and execute -%}
        {{ elt_rows(raw, landing, table_name) }}
    {%- else -%}
        {{ raw }}
    {%- endif -%}
{%- endmacro %}

{# The ELT service's landing of a source, unless it does not keep this table. #}
{% macro elt_landing(source_name, table_name) -%}
    {%- set landings = var('elt_landings', {}) -%}
    {%- set landing = landings[source_name] if landings is mapping else none -%}
    {%- if landing and folded_name(table_name) not in landing['without'] -%}
        {{ return(landing) }}
    {%- endif -%}
    {{ return(none) }}
{%- endmacro %}

{# A name as services spell it, without case and underscores: IsDeleted and is_deleted are one. #}
{% macro folded_name(name) -%}
    {{ return(name | lower | replace('_', '')) }}
{%- endmacro %}

{#
    The name under which our own landing would keep a column that the catalogue does not know.
    Fivetran writes the end of a custom field, __c, with one underscore.
#}
{% macro landed_name(name) -%}
    {%- set snake = modules.re.sub('([^_])([A-Z][a-z]+)', '\\1_\\2', name) -%}
    {%- set snake = modules.re.sub('([a-z0-9])([A-Z])', '\\1_\\2', snake) | lower -%}
    {{ return(modules.re.sub('([^_])_c$', '\\1__c', snake)) }}
{%- endmacro %}

{# The columns of one table of a schema, whatever the case of its name; no table is an error. #}
{% macro elt_columns(schema, table_name) -%}
    {%- set found = run_query(elt_columns_query(schema)) -%}
    {%- set columns = [] -%}
    {%- for row in found.rows if folded_name(row[0]) == folded_name(table_name) -%}
        {%- do columns.append({'table': row[0], 'name': row[1], 'type': row[2]}) -%}
    {%- endfor -%}
    {%- set tables = columns | map(attribute='table') | unique | list -%}
    {%- if tables | length != 1 -%}
        {%- do exceptions.raise_compiler_error(
            'elt_landings: schema ' ~ schema ~ ' has ' ~ (tables | length) ~ ' readable tables for '
            ~ table_name ~ ', and needs one. Sync it, grant it to the transformer, or list it under'
            ~ ' without in HANDOFF_ELT_LANDINGS.'
        ) -%}
    {%- endif -%}
    {{ return(columns) }}
{%- endmacro %}

{% macro elt_columns_query(schema) -%}
    select table_name, column_name, data_type
    from information_schema.columns
    where table_schema = '{{ schema | replace("'", "''") }}'
    order by table_name, ordinal_position
{%- endmacro %}

{# The rows of an ELT service's table under the names and types of the raw table. #}
{% macro elt_rows(raw, landing, table_name) -%}
    {%- set schema = landing['schema'] -%}
    {%- set key = folded_name(landing['keys'][table_name]) -%}
    {%- set theirs = {} -%}
    {%- set columns = elt_columns(schema, table_name) -%}
    {%- for column in columns if column.name[0] != '_' -%}
        {%- do theirs.update({folded_name(column.name): column}) -%}
    {%- endfor -%}
    {%- set ours = [] -%}
    {%- for column in adapter.get_columns_in_relation(raw) if column.name[0] != '_' -%}
        {%- do ours.append(column.name) -%}
    {%- endfor -%}
    {%- set known = ours | map('replace', '_', '') | list -%}
    {%- set stamps = [] -%}
    {%- for name in landing['stamps'][table_name] if folded_name(name) in theirs -%}
        {%- do stamps.append(real_instant(elt_instant(theirs[folded_name(name)]))) -%}
    {%- endfor -%}
    {%- if key not in theirs or (landing['stamps'][table_name] and not stamps) -%}
        {%- do exceptions.raise_compiler_error(
            'elt_landings: ' ~ schema ~ '.' ~ table_name ~ ' needs the columns '
            ~ landing['keys'][table_name] ~ ' and ' ~ landing['stamps'][table_name] | join(' or ')
            ~ '.'
        ) -%}
    {%- endif -%}
    {%- set night -%}
        (select context.night from {{ source('build', 'build_context') }} as context)
    {%- endset -%}
    {%- set midnight = '(cast(' ~ night ~ " as timestamp) at time zone 'UTC')" -%}
    {%- set stamp = 'coalesce(' ~ (stamps + [midnight]) | join(', ') ~ ')' -%}
    {%- set relation = api.Relation.create(schema=schema, identifier=columns[0].table) -%}
    {%- set marks = columns | selectattr('name', 'equalto', '_fivetran_deleted') | list -%}
    (
        select
            {%- for name in ours %}
            {% if folded_name(name) not in theirs %}cast(null as text)
            {%- elif name == 'is_deleted' and marks %}
            cast(
                coalesce({{ elt_text(theirs['isdeleted']) }} = 'true', false)
                or coalesce(theirs._fivetran_deleted, false) as text
            )
            {%- else %}{{ elt_text(theirs[folded_name(name)]) }}
            {%- endif %} as {{ adapter.quote(name) }},
            {%- endfor %}
            {%- for folded, column in theirs.items() if folded not in known %}
            {{ elt_text(column) }} as {{ adapter.quote(landed_name(column.name)) }},
            {%- endfor %}
            {{ elt_text(theirs[key]) }} as _key,
            {{ stamp }} as _stamp,
            {{ 'coalesce(' ~ stamps | join(', ') ~ ') is null' if stamps else 'true' }}
                as _stamp_from_folder,
            least(cast({{ stamp }} at time zone 'UTC' as date), {{ night }}) as _first_night,
            cast(0 as bigint) as _load_id
        from {{ relation }} as theirs
    )
{%- endmacro %}

{# A typed column as the text that our own landing would hold: instants in UTC, blank as null. #}
{% macro elt_text(column) -%}
    {%- set value = 'theirs.' ~ adapter.quote(column.name) -%}
    {%- if column.type.startswith('timestamp') -%}
    to_char(
        {{ elt_instant(column) }} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'
    )
    {%- else -%}
    nullif(cast({{ value }} as text), '')
    {%- endif -%}
{%- endmacro %}

{# A typed column as an instant; services write what has no offset in UTC. #}
{% macro elt_instant(column) -%}
    {%- set value = 'theirs.' ~ adapter.quote(column.name) -%}
    {%- if column.type == 'timestamp without time zone' -%}
    ({{ value }} at time zone 'UTC')
    {%- elif column.type == 'timestamp with time zone' -%}
    {{ value }}
    {%- else -%}
    {{ to_instant('cast(' ~ value ~ ' as text)', "'UTC'") }}
    {%- endif -%}
{%- endmacro %}
