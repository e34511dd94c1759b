"""Which leads and landed rows a failed model or test is about, by the user's own ids.

What the database says of a failure quotes values, which may be personal: they are shown by their
shape only (digits as 9, letters as a). Where they stand is said instead: the lead, and the source
records whose ids the user knows; for a value that no cast can hold, the landed row and the way to
take it out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC
from typing import Any, Final

import psycopg
from psycopg import sql

from lead_handoff.catalogue import CATALOGUE, ObjectSpec

SHOWN: Final = 3
"""How many rows and leads are named of one failure."""

TIMEOUT: Final = "60s"
_LEAD_IDS: Final = "int_identity__all_lead_ids"
_KEY: Final = re.compile(r"Key \((?P<columns>[^)]*)\)=\((?P<values>.*?)\) (?:already|is dup)")
_QUOTED: Final = re.compile(
    r"(?P<before>(?:syntax for (?:type )?[\w ]+|value|range):? )\"(?P<value>.*?)\""
)
_ROW: Final = re.compile(r"(Failing row contains \().*?(\)\.)")
_TELLING: Final = ("unique_field", "value_field", "from_field")
"""What dbt's own tests call the value of the column that they judge."""


@dataclass(frozen=True)
class Failure:
    """A node that failed.

    Attributes:
        message: what the database said, on one line.
        compiled: the statement of a test, which gives the rows that break it; else None.
        relation: the table that the test judges, else None.
        column: its column, where the test judges one.
    """

    message: str
    compiled: str | None = None
    relation: str | None = None
    column: str | None = None


def without_values(message: str) -> str:
    """A message of the database in which values are shown by their shape.

    >>> without_values('invalid input syntax for type numeric: "Ann 12"')
    'invalid input syntax for type numeric: "aaa 99"'
    """
    message = _QUOTED.sub(lambda hit: f'{hit["before"]}"{_shape(hit["value"])}"', message)
    message = _ROW.sub(r"\1…\2", message)
    return _KEY.sub(
        lambda hit: (
            hit[0]
            if all(name.strip().endswith("_id") for name in hit["columns"].split(","))
            else hit[0].replace(f"=({hit['values']})", f"=({_shape(hit['values'])})")
        ),
        message,
    )


def name_culprits(failure: Failure, *, slot: str, url: str) -> list[str]:
    """Sentences that name the leads and landed rows of a failure; none where nothing is found.

    ``url`` connects as the transformer, which reads raw tables and the slot. Whatever keeps the
    warehouse from answering leaves the failure as it is: it is told already.
    """
    try:
        with psycopg.connect(url, autocommit=True) as connection, connection.cursor() as cursor:
            cursor.execute(
                sql.SQL("set statement_timeout = {}; set search_path = {}").format(
                    TIMEOUT, sql.Identifier(slot)
                )
            )
            cursor.execute("set default_transaction_read_only = on")
            return list(dict.fromkeys(_culprits(cursor, failure, slot)))
    except psycopg.Error:
        return []


def _culprits(cursor: psycopg.Cursor[Any], failure: Failure, slot: str) -> Iterator[str]:
    if failure.compiled is not None:
        for row in _rows_of_test(cursor, failure.compiled):
            yield from _of_row(cursor, row, failure, slot)
    if (key := _KEY.search(failure.message)) is not None:
        names = [name.strip() for name in key["columns"].split(",")]
        values = [value.strip() for value in key["values"].split(",")]
        if len(names) == len(values):
            yield from _of_ids(cursor, dict(zip(names, values, strict=True)), slot)
    if (value := _QUOTED.search(failure.message)) is not None:
        yield from _landed_with(cursor, value["value"])


def _rows_of_test(cursor: psycopg.Cursor[Any], compiled: str) -> list[dict[str, Any]]:
    statement = compiled.strip().rstrip(";")
    cursor.execute(f"select * from (\n{statement}\n) as failing limit {SHOWN}".encode())  # noqa: S608
    names = [column.name for column in cursor.description or ()]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def _of_row(
    cursor: psycopg.Cursor[Any], row: Mapping[str, Any], failure: Failure, slot: str
) -> Iterator[str]:
    ids = {name: str(value) for name, value in row.items() if _is_id(name) and value is not None}
    told = next((row[name] for name in _TELLING if row.get(name) is not None), None)
    if told is not None and failure.column:
        if _is_id(failure.column):
            ids[failure.column] = str(told)
        elif failure.relation:
            ids |= _ids_where(cursor, failure.relation, failure.column, told)
    yield from _of_ids(cursor, ids, slot)


def _is_id(name: str) -> bool:
    return name.endswith("_id") or name == "source_system"


def _ids_where(
    cursor: psycopg.Cursor[Any], relation: str, column: str, value: Any
) -> dict[str, str]:
    cursor.execute(
        sql.SQL("select * from {} where {}::text = {} limit 1").format(
            sql.SQL(relation),
            sql.Identifier(column),
            str(value),
        )
    )
    found = cursor.fetchone()
    names = [column.name for column in cursor.description or ()]
    pairs = zip(names, found or (), strict=False)
    return {name: str(value) for name, value in pairs if _is_id(name) and value is not None}


def _of_ids(cursor: psycopg.Cursor[Any], ids: Mapping[str, str], slot: str) -> Iterator[str]:
    """The leads that ids speak of: by lead_id, or by a table that has both the id and the lead."""
    if not ids:
        return
    listed = ", ".join(f"{name} {value}" for name, value in ids.items())
    leads = [ids["lead_id"]] if "lead_id" in ids else []
    for name, value in ids.items():
        if leads:
            break
        if name != "source_system":
            leads = _leads_of(cursor, name, value, slot)
    if not leads:
        yield listed
    for lead in leads:
        records = _records_of(cursor, lead)
        yield f"lead {lead} ({records})" if records else listed


def _leads_of(cursor: psycopg.Cursor[Any], column: str, value: str, slot: str) -> list[str]:
    cursor.execute(
        "select one.table_name from information_schema.columns as one"
        " inner join information_schema.columns as other using (table_schema, table_name)"
        " where one.table_schema = %s and one.column_name = %s and other.column_name = 'lead_id'"
        " order by one.table_name",
        (slot, column),
    )
    for (table,) in cursor.fetchall():
        cursor.execute(
            sql.SQL("select distinct lead_id from {} where {}::text = {} limit {}").format(
                sql.Identifier(slot, table), sql.Identifier(column), value, SHOWN
            )
        )
        if leads := [str(row[0]) for row in cursor.fetchall() if row[0] is not None]:
            return leads
    return []


def _records_of(cursor: psycopg.Cursor[Any], lead: str) -> str:
    cursor.execute("select to_regclass(%s)", (_LEAD_IDS,))
    if cursor.fetchone() == (None,):
        return ""
    cursor.execute(
        sql.SQL(
            "select source_system, record_id from {} where lead_id = {} order by 1, 2 limit 10"
        ).format(sql.Identifier(_LEAD_IDS), lead)
    )
    return ", ".join(f"{source} {record}" for source, record in cursor.fetchall())


def _landed_with(cursor: psycopg.Cursor[Any], value: str) -> Iterator[str]:
    """Landed rows that hold a value as one of theirs, or within a document."""
    found = 0
    for spec in (spec for objects in CATALOGUE.values() for spec in objects.values()):
        documents = {column.landed for column in spec.columns if column.kind == "json"}
        holds = {
            name: sql.SQL("position({} in {}) > 0" if name in documents else "{1} = {0}").format(
                value, sql.Identifier(name)
            )
            for name in _columns_of(cursor, spec)
        }
        if not holds or not value or found >= SHOWN:
            continue
        cursor.execute(
            sql.SQL(
                "select _key, _stamp, array_remove(array[{}], null) from {} where {} limit {}"
            ).format(
                sql.SQL(", ").join(
                    sql.SQL("case when {} then {} end").format(condition, sql.Literal(name))
                    for name, condition in holds.items()
                ),
                sql.Identifier(spec.schema, spec.table),
                sql.SQL(" or ").join(holds.values()),
                SHOWN - found,
            )
        )
        for key, stamp, columns in cursor.fetchall():
            found += 1
            at = stamp.astimezone(UTC).isoformat()
            yield (
                f"{spec.source} {spec.name} {key}, version of {at}, column {', '.join(columns)};"
                f" make withdraw SOURCE={spec.source} OBJECT={spec.name} KEY='{key}' STAMP='{at}'"
                " WHY='…' takes it out"
            )


def _columns_of(cursor: psycopg.Cursor[Any], spec: ObjectSpec) -> list[str]:
    cursor.execute(
        "select column_name from information_schema.columns"
        " where table_schema = %s and table_name = %s and left(column_name, 1) <> '_'"
        " order by ordinal_position",
        (spec.schema, spec.table),
    )
    return [str(row[0]) for row in cursor.fetchall()]


def _shape(text: str) -> str:
    return re.sub(r"[^\W\d_]", "a", re.sub(r"\d", "9", text))
