"""What staging reads of each source: our raw tables, or the tables that an ELT service keeps.

The gates judge the latter in the shape of the former, as the macro elt_rows of the dbt project
gives it to the models: names compared without case and underscores, the modification stamp (for
histories: the moment of the change) as the version's stamp.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from lead_handoff import settings
from lead_handoff.catalogue import CATALOGUE, ObjectSpec
from lead_handoff.judging.results import JudgingError
from lead_handoff.settings import EltLanding, folded

if TYPE_CHECKING:
    import psycopg
    from psycopg import sql

LEADS = {
    ("salesforce", "lead"),
    ("marketo", "leads"),
    ("hubspot", "contacts"),
    ("generic", "leads"),
}


def landed_tables(
    cursor: psycopg.Cursor[Any],
    raw_tables: Iterable[Mapping[str, Any]],
    landings: Mapping[str, EltLanding],
) -> list[dict[str, Any]]:
    """The tables that staging reads, like `raw_tables`, with a service's in place of ours.

    ``relation`` has the columns ``_key``, ``_stamp``, ``_stamp_from_folder`` and ``_first_night``,
    and as text the ``columns`` of ours that theirs has too.
    A table that the service does not have, or that lacks a column without which no row can be
    placed in time, is left out: if a model needs it, the build ends by name; a required source
    without leads is an expectation of its own.

    Raises:
        JudgingError: a schema has no table that may be read.
    """
    found = {
        source: _tables_in(cursor, landing.schema) for source, landing in sorted(landings.items())
    }
    for source, known in found.items():
        if not known:
            raise JudgingError(
                f"HANDOFF_ELT_LANDINGS says that {source} lies in the schema"
                f" {landings[source].schema}, where {settings.WAREHOUSE_ROLES['transformer']} may"
                " read no table; correct the schema's name, or grant that role usage on it and"
                " select on its tables"
            )
    tables = []
    for raw in raw_tables:
        source, name = raw["of"]
        table = {**raw, "is_elt": False, "has_leads": (source, name) in LEADS}
        if source in landings and landings[source].keeps(name):
            theirs = [each for each in found[source] if folded(each) == folded(name)]
            if len(theirs) != 1:
                continue
            spec = next(each for each in CATALOGUE[source].values() if each.table == name)
            shaped = _in_raw_shape(
                cursor, raw, spec, landings[source].schema, theirs[0], found[source][theirs[0]]
            )
            if shaped is None:
                continue
            table |= {"is_elt": True, **shaped}
        tables.append(table)
    return tables


def _tables_in(cursor: psycopg.Cursor[Any], schema: str) -> dict[str, dict[str, tuple[str, str]]]:
    """The readable tables of a schema: folded column -> its name and type."""
    cursor.execute(
        "select table_name, column_name, data_type from information_schema.columns"
        " where table_schema = %s order by table_name, ordinal_position",
        (schema,),
    )
    tables: dict[str, dict[str, tuple[str, str]]] = {}
    for table, column, kind in cursor.fetchall():
        if not column.startswith("_"):
            tables.setdefault(table, {})[folded(column)] = column, kind
    return tables


def _in_raw_shape(
    cursor: psycopg.Cursor[Any],
    raw: Mapping[str, Any],
    spec: ObjectSpec,
    schema: str,
    table: str,
    columns: Mapping[str, tuple[str, str]],
) -> dict[str, Any] | None:
    from psycopg import sql

    key = folded(spec.landed_key)
    stamps = [columns[name] for name in map(folded, spec.landed_stamps) if name in columns]
    if key not in columns or (spec.stamps and not stamps):
        return None
    night = sql.SQL("current_setting('judging.night')::date")
    told = sql.SQL(", ").join([*(_instant(*each) for each in stamps), sql.SQL("null")])
    stamp = sql.SQL("coalesce({}, {}::timestamp at time zone 'UTC')").format(told, night)
    ours = [name for name in raw["columns"] if not name.startswith("_") and folded(name) in columns]
    shaped = sql.SQL(
        "(select {columns} {key}::text as _key, {stamp} as _stamp,"
        " coalesce({told}) is null as _stamp_from_folder,"
        " least(({stamp} at time zone 'UTC')::date, {night}) as _first_night from {table})"
    ).format(
        columns=sql.SQL("").join(
            sql.SQL("nullif({}::text, '') as {}, ").format(
                sql.Identifier(columns[folded(name)][0]), sql.Identifier(name)
            )
            for name in ours
        ),
        key=sql.Identifier(columns[key][0]),
        stamp=stamp,
        told=told,
        night=night,
        table=sql.Identifier(schema, table),
    )
    connection = cursor.connection
    return {
        "schema": sql.Literal(schema).as_string(connection),
        "name": sql.Literal(table).as_string(connection),
        "relation": shaped.as_string(connection),
        "columns": ours,
    }


def _instant(name: str, kind: str) -> sql.Composed:
    """A typed column as an instant; services write what has no offset in UTC."""
    from psycopg import sql

    column = sql.Identifier(name)
    if kind == "timestamp with time zone":
        return sql.SQL("{}").format(column)
    if kind == "timestamp without time zone":
        return sql.SQL("({} at time zone 'UTC')").format(column)
    return sql.SQL(
        "(case when {0}::text ~ '[0-9:.](Z|z| ?[+-][0-9][0-9](:?[0-9][0-9])?)$'"
        " and length({0}::text) > 10 then {0}::text::timestamptz"
        " else {0}::text::timestamp at time zone 'UTC' end)"
    ).format(column)
