"""The raw tables: one schema per source, one table per object, one row per version of a record."""

from __future__ import annotations

from psycopg import sql

from lead_handoff.catalogue import CATALOGUE, Column, ObjectSpec

_METADATA = """
    _key text collate "C" not null,
    _stamp timestamptz not null,
    _stamp_from_folder boolean not null,
    _content_hash text collate "C" not null,
    _first_night date not null,
    _load_id bigint not null,
    _overflow jsonb
"""

_METADATA_COMMENTS = {
    "_key": "The record's id in its source.",
    "_stamp": "The version's modification stamp.",
    "_stamp_from_folder": "The source gives no stamp: it is the folder's date, 00:00 UTC.",
    "_content_hash": "MD5 of the version's filled columns, in order of their names.",
    "_first_night": "Earliest folder date that delivered this version.",
    "_load_id": "The load (ops.loads) that inserted the version or lowered its first night.",
    "_overflow": "Further columns of files too wide for one table, as name -> text.",
}

# A night asks for what was loaded, delivered or recorded since.
_SUMMARISED = {"load": "_load_id", "first_night": "_first_night", "stamp": "_stamp"}


def version_index(spec: ObjectSpec) -> str:
    """Name of the unique index that makes a version unique."""
    return f"{spec.table}_version"


def index_statements(spec: ObjectSpec) -> list[sql.Composed]:
    """CREATE statements of the table's indexes, the unique one first; no-ops where they exist.

    Loads arrive in order, so a summary per range of pages finds the latest ones, at next to no
    cost for each row inserted.
    """
    table = sql.Identifier(spec.schema, spec.table)
    statements = [
        sql.SQL("create unique index if not exists {} on {} (_key, _stamp, _content_hash)").format(
            sql.Identifier(version_index(spec)), table
        )
    ]
    statements += [
        sql.SQL("create index if not exists {} on {} using brin ({})").format(
            sql.Identifier(f"{spec.table}_{name}"), table, sql.Identifier(column)
        )
        for name, column in _SUMMARISED.items()
    ]
    return statements + [
        sql.SQL("create index if not exists {} on {} (({}))").format(
            sql.Identifier(_look_up_index(spec, column)), table, _looked_up(spec, column)
        )
        for column in spec.columns
        if column.looked_up
    ]


def drop_index_statements(spec: ObjectSpec) -> list[sql.Composed]:
    """DROP statements for the same indexes, for a first bulk load into an empty table."""
    names = [version_index(spec), *(f"{spec.table}_{name}" for name in _SUMMARISED)]
    names += [_look_up_index(spec, column) for column in spec.columns if column.looked_up]
    return [
        sql.SQL("drop index if exists {}").format(sql.Identifier(spec.schema, name))
        for name in names
    ]


def _look_up_index(spec: ObjectSpec, column: Column) -> str:
    return f"{spec.table}_by_{column.landed}"


def _looked_up(spec: ObjectSpec, column: Column) -> sql.Composed:
    """What staging makes of the column, word for word, or the index would not be used.

    For Salesforce that is the macro salesforce_id of dbt_project/macros/cross_db/identifiers.sql.
    """
    name = sql.Identifier(column.landed)
    if spec.source != "salesforce":
        return sql.SQL("{}").format(name)
    return sql.SQL(
        "case when length({0}) = 15 then ops.salesforce_id_from_15({0}) else {0} end"
    ).format(name)


def raw_ddl() -> str:
    """SQL that creates whatever is missing of the raw schemas, tables and indexes."""
    statements: list[str] = []
    for source, objects in CATALOGUE.items():
        schema = sql.Identifier(f"raw_{source}").as_string()
        statements.append(f"create schema if not exists {schema}")
        comment = sql.Literal(f"Rows of {source} as delivered, every version.").as_string()
        statements.append(f"comment on schema {schema} is {comment}")
        for spec in objects.values():
            statements.extend(_table_statements(spec))
    return ";\n".join(statements) + ";\n"


def _table_statements(spec: ObjectSpec) -> list[str]:
    table = sql.Identifier(spec.schema, spec.table)
    columns = ",\n".join(
        f"    {sql.Identifier(column.landed).as_string()} text" for column in spec.columns
    )
    statements = [
        f"create table if not exists {table.as_string()} (\n{columns},{_METADATA})",
        sql.SQL("comment on table {} is {}")
        .format(table, sql.Literal(f"One row per delivered version of {spec.source} {spec.name}."))
        .as_string(),
    ]
    # A column that the catalogue learns later must reach tables that exist already.
    statements += [
        f"alter table {table.as_string()} add column if not exists"
        f" {sql.Identifier(column.landed).as_string()} text"
        for column in spec.columns
    ]
    for name, text in _METADATA_COMMENTS.items():
        target = sql.Identifier(spec.schema, spec.table, name)
        statements.append(
            sql.SQL("comment on column {} is {}").format(target, sql.Literal(text)).as_string()
        )
    statements += [statement.as_string() for statement in index_statements(spec)]
    return statements
