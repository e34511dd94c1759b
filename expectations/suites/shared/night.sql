{#- What several expectations need, written once. -#}

{%- macro night() -%}
    current_setting('judging.night')::date
{%- endmacro -%}

{%- macro as_of() -%}
    current_setting('judging.as_of')::timestamptz
{%- endmacro -%}

{#- A limit of limits.yml; `source` is a column, or left out where no source is meant. -#}
{%- macro limit(name, source="''") -%}
    coalesce(
        current_setting('judging.limits')::jsonb -> '{{ name }}' ->> {{ source }},
        current_setting('judging.limits')::jsonb -> '{{ name }}' ->> 'default'
    )::numeric
{%- endmacro -%}

{#- The agreement's sources that a night cannot do without. -#}
{%- macro required_sources() -%}
    select required.source
    from jsonb_to_recordset(current_setting('judging.sources')::jsonb)
        as required (source text, is_required boolean)
    where required.is_required
{%- endmacro -%}

{#- Those of them that come as files: no ELT service lands them. -#}
{%- macro required_sources_of_files() -%}
    select required.source
    from jsonb_to_recordset(current_setting('judging.sources')::jsonb)
        as required (source text, is_required boolean, is_elt boolean)
    where required.is_required and not required.is_elt
{%- endmacro -%}

{#- Whether an ELT service keeps the object of a load: then its files are nobody's business. -#}
{%- macro is_kept_elsewhere(load) -%}
    (
        jsonb_exists(current_setting('judging.elt')::jsonb, {{ load }}.source)
        and not jsonb_exists(
            current_setting('judging.elt')::jsonb -> {{ load }}.source -> 'without',
            replace(lower({{ load }}.object), '_', '')
        )
    )
{%- endmacro -%}

{#- The loads that are this night's news: of folders after the last published night, or attempted
    since it was published (a folder that came late), and not of a folder after tonight. -#}
{%- macro judged_loads() -%}
    select load.*
    from ops.loads as load
    where load.night <= {{ night() }}
        and load.status <> 'ignored'
        and not {{ is_kept_elsewhere("load") }}
        and (
            load.night > current_setting('judging.after_night')::date
            or coalesce(load.finished_at, load.started_at)
            > current_setting('judging.after_time')::timestamptz
        )
{%- endmacro -%}

{#- Rows read per object and night, and whether the day that the night's folder brings was quiet. -#}
{%- macro delivered() -%}
    select
        load.source,
        load.object,
        load.night,
        {{ table_of("load.object") }} as table_name,
        sum(load.rows_read) as rows,
        known.is_quiet
    from ops.loads as load
    inner join ({{ days() }}) as known on known.day = load.night - 1
    where load.status = 'loaded'
    group by load.source, load.object, load.night, known.is_quiet
{%- endmacro -%}

{#- Of those deliveries, in a CTE named delivered, the ones that tonight's news came with. -#}
{%- macro delivered_tonight() -%}
    select distinct delivered.*
    from delivered
    inner join ({{ judged_loads() }}) as judged
        on judged.source = delivered.source
        and judged.object = delivered.object
        and judged.night = delivered.night
{%- endmacro -%}

{#- The name of the table in which an object lands: LeadHistory -> lead_history. -#}
{%- macro table_of(object) -%}
    regexp_replace(
        lower(
            regexp_replace(
                regexp_replace({{ object }}, '([^_])([A-Z][a-z]+)', '\1_\2', 'g'),
                '([a-z0-9])([A-Z])', '\1_\2', 'g'
            )
        ),
        '[^a-z0-9_]', '_', 'g'
    )
{%- endmacro -%}

{#- The days before tonight, whose rows the nights' folders brought, and whether each was quiet. -#}
{%- macro days() -%}
    select known.day, known.is_quiet
    from jsonb_to_recordset(current_setting('judging.days')::jsonb)
        as known (day date, is_quiet boolean)
{%- endmacro -%}
