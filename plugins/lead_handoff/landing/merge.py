"""From a file's rows to the raw table, set-based, inside the caller's transaction.

Rows are copied into a temporary staging table and merged by (key, stamp, content hash): a version
is stored once, whatever the order and number of its deliveries.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import date

import psycopg
from psycopg import sql

from lead_handoff.landing.catalogue import METADATA_COLUMNS, ObjectSpec
from lead_handoff.landing.ddl import drop_index_statements, index_statements

_STAGE = sql.Identifier("landing_stage")
_QUARANTINE = sql.Identifier("landing_quarantine")
_JUDGED = ("_overflow", "_given_stamp", "_has_separator")
SEPARATOR = "\x1f"
"""Stands between the parts of a version that are hashed; rows holding it are always judged."""
_BULK_ROWS = 20_000  # from here on, indexes of an empty table are built after its first load


@dataclass(frozen=True)
class Merged:
    """Rows of one load by what became of them; their sum is the number of staged rows."""

    new: int
    updated: int
    unchanged: int


class Stage:
    """The staging tables of one load, and the COPY streams into them.

    ``columns`` are the raw table's own columns of the source, kept up to date as files bring more.
    """

    def __init__(self, cursor: psycopg.Cursor, spec: ObjectSpec) -> None:
        self._cursor = cursor
        self._spec = spec
        self._table = sql.Identifier(spec.schema, spec.table)
        self._open: ExitStack | None = None
        self._copy: psycopg.Copy | None = None
        self._copy_key: tuple[object, ...] = ()
        self._delivered: set[str] = set()
        self._given_stamps = False
        self._has_separators = False
        self.columns = self._raw_columns()
        listed = sql.SQL(", ").join(
            sql.SQL("{} text").format(sql.Identifier(name)) for name in self.columns
        )
        cursor.execute(
            sql.SQL(
                "create temporary table {} ({}, _overflow jsonb, _given_stamp timestamptz,"
                " _has_separator boolean)"
                " on commit drop"
            ).format(_STAGE, listed)
        )
        cursor.execute(
            sql.SQL(
                "create temporary table {} (file_name text, line_number bigint, raw_text text,"
                " reason text, detail text) on commit drop"
            ).format(_QUARANTINE)
        )

    def _raw_columns(self) -> list[str]:
        self._cursor.execute(
            "select attname from pg_attribute"
            " where attrelid = (quote_ident(%s) || '.' || quote_ident(%s))::regclass"
            " and attnum > 0 and not attisdropped order by attnum",
            (self._spec.schema, self._spec.table),
        )
        names = [str(row[0]) for row in self._cursor.fetchall()]
        return [name for name in names if name not in METADATA_COLUMNS]

    def add_columns(self, names: Iterable[str | None]) -> None:
        """Add raw columns that a file brings and the table does not have yet."""
        missing = [name for name in names if name is not None and name not in self.columns]
        if missing:
            self.close()
        for name in missing:
            for table in (self._table, _STAGE):
                self._cursor.execute(
                    sql.SQL("alter table {} add column {} text").format(
                        table, sql.Identifier(name)
                    )
                )
            self.columns.append(name)

    def copy_clean(
        self, targets: Sequence[str], delimiter: str, is_crlf: bool, pieces: Iterable[bytes]
    ) -> None:
        """Copy bytes of whole CSV records, as delivered, into the target columns."""
        key = ("clean", tuple(targets), delimiter, is_crlf)
        if key != self._copy_key:
            columns = sql.SQL(", ").join(map(sql.Identifier, targets))
            self._start(
                key,
                sql.SQL(
                    "copy {} ({}) from stdin (format csv, delimiter {}, force_null ({}),"
                    " encoding 'UTF8')"
                ).format(_STAGE, columns, sql.Literal(delimiter), columns),
            )
            self._delivered.update(targets)
        assert self._copy is not None
        for piece in pieces:
            self._copy.write(piece)

    def copy_judged(
        self,
        targets: Sequence[str | None],
        names: Sequence[str],
        rows: Iterable[tuple[list[str | None], str | None]],
    ) -> None:
        """Copy rows judged one by one, with their stamps; values without target overflow."""
        kept = [name for name in targets if name is not None]
        key = ("judged", tuple(kept))
        if key != self._copy_key:
            columns = sql.SQL(", ").join(map(sql.Identifier, [*kept, *_JUDGED]))
            self._start(key, sql.SQL("copy {} ({}) from stdin").format(_STAGE, columns))
            self._delivered.update(kept)
            self._given_stamps = True
        assert self._copy is not None
        for values, stamp in rows:
            landed = [v for v, target in zip(values, targets, strict=True) if target is not None]
            has_separator = any(SEPARATOR in value for value in landed if value is not None)
            self._has_separators |= has_separator
            self._copy.write_row(
                [*landed, _overflow(values, targets, names), stamp, has_separator]
            )

    def copy_quarantine(
        self, rows: Iterable[tuple[str, int, str, str, str]]
    ) -> None:
        """Copy refused rows: file name, line number, raw text, reason, detail."""
        key = ("quarantine",)
        if key != self._copy_key:
            self._start(key, sql.SQL("copy {} from stdin").format(_QUARANTINE))
        assert self._copy is not None
        for row in rows:
            self._copy.write_row(row)

    def _start(self, key: tuple[object, ...], statement: sql.Composed) -> None:
        self.close()
        self._open = ExitStack()
        self._copy = self._open.enter_context(self._cursor.copy(statement))
        self._copy_key = key

    def close(self) -> None:
        """End the running COPY, if there is one."""
        opened, self._open, self._copy, self._copy_key = self._open, None, None, ()
        if opened is not None:
            opened.close()

    def abandon(self) -> None:
        """End a running COPY without caring for its rows (the transaction is given up)."""
        opened, self._open, self._copy, self._copy_key = self._open, None, None, ()
        if opened is not None:
            try:
                opened.__exit__(RuntimeError, RuntimeError("load given up"), None)
            except (psycopg.Error, RuntimeError):
                return

    def quarantined(self) -> int:
        """Number of refused rows staged."""
        self.close()
        return self._count(_QUARANTINE)

    def staged(self) -> int:
        """Number of rows to land staged."""
        self.close()
        return self._count(_STAGE)

    def _count(self, table: sql.Identifier) -> int:
        row = self._cursor.execute(
            sql.SQL("select count(*) from {}").format(table)
        ).fetchone()
        assert row is not None
        return int(row[0])

    def merge(self, load_id: int, night: date) -> Merged:
        """Insert the staged versions that the raw table does not hold, and count what they are.

        A version that is known but was first delivered by a later folder gets this night as its
        first one: the result does not depend on the order in which folders arrive.
        """
        staged = self.staged()
        if not staged:
            return Merged(0, 0, 0)
        was_empty = not self._exists(sql.SQL("select 1 from {}").format(self._table))
        if was_empty and staged >= _BULK_ROWS:
            inserted = self._insert_bulk(load_id, night)
        else:
            inserted = self._insert(load_id, night, on_conflict=True)
        new = self._count_new_keys(load_id, was_empty) if inserted else 0
        if inserted < staged and not was_empty:
            self._lower_first_night(load_id, night)
        return Merged(new, inserted - new, staged - inserted)

    def _exists(self, query: sql.Composed) -> bool:
        row = self._cursor.execute(sql.SQL("select exists ({})").format(query)).fetchone()
        return row == (True,)

    def _insert(self, load_id: int, night: date, on_conflict: bool) -> int:
        columns = sorted(self._delivered)
        names = [*columns, "_key", "_stamp", "_stamp_from_folder", "_content_hash"]
        names += ["_first_night", "_load_id", "_overflow"]
        statement = sql.SQL("insert into {} ({}) select {}, {}, {}, _overflow from {} {}").format(
            self._table,
            sql.SQL(", ").join(map(sql.Identifier, names)),
            self._version(columns, night),
            sql.Literal(night),
            sql.Literal(load_id),
            _STAGE,
            sql.SQL("on conflict do nothing" if on_conflict else ""),
        )
        self._cursor.execute(statement)
        return self._cursor.rowcount

    def _insert_bulk(self, load_id: int, night: date) -> int:
        """Fill an empty table first and index it then; repeated versions are removed between."""
        for statement in drop_index_statements(self._spec):
            self._cursor.execute(statement)
        inserted = self._insert(load_id, night, on_conflict=False)
        unique, *others = index_statements(self._spec)
        try:
            with self._cursor.connection.transaction():
                self._cursor.execute(unique)
        except psycopg.errors.UniqueViolation:
            self._cursor.execute(
                sql.SQL(
                    "delete from {0} where ctid in ("
                    " select ctid from ("
                    "  select ctid, row_number() over ("
                    "   partition by _key, _stamp, _content_hash order by ctid) as copy"
                    "  from {0}) as numbered where copy > 1)"
                ).format(self._table)
            )
            inserted -= self._cursor.rowcount
            self._cursor.execute(unique)
        for statement in others:
            self._cursor.execute(statement)
        return inserted

    def _count_new_keys(self, load_id: int, was_empty: bool) -> int:
        """Keys of which this load inserted the first version."""
        known = sql.SQL(
            " and not exists (select 1 from {} as older"
            " where older._key = inserted._key and older._load_id <> {})"
        ).format(self._table, sql.Literal(load_id))
        row = self._cursor.execute(
            sql.SQL(
                "select count(distinct _key) from {} as inserted where _load_id = {} {}"
            ).format(self._table, sql.Literal(load_id), sql.SQL("") if was_empty else known)
        ).fetchone()
        assert row is not None
        return int(row[0])

    def _lower_first_night(self, load_id: int, night: date) -> None:
        columns = sorted(self._delivered)
        later = sql.SQL("select 1 from {} where _first_night > {}").format(
            self._table, sql.Literal(night)
        )
        if not self._exists(later):
            return
        self._cursor.execute(
            sql.SQL(
                "update {} as known set _first_night = {}, _load_id = {}"
                " from (select {} from {}) as staged ({})"
                " where known._key = staged._key and known._stamp = staged._stamp"
                " and known._content_hash = staged._content_hash and known._first_night > {}"
            ).format(
                self._table,
                sql.Literal(night),
                sql.Literal(load_id),
                self._version(columns, night),
                _STAGE,
                sql.SQL(", ").join(
                    map(
                        sql.Identifier,
                        [*columns, "_key", "_stamp", "_stamp_from_folder", "_content_hash"],
                    )
                ),
                sql.Literal(night),
            )
        )

    def _version(self, columns: Sequence[str], night: date) -> sql.Composed:
        """SELECT list: the values, key, stamp, whether that is the folder's, content hash."""
        values = {name: self._value(name) for name in columns}
        spec = self._spec
        key = values[spec.column(spec.key).landed]
        if spec.source == "salesforce":
            key = _long_id(key)
        stamps: list[sql.Composable] = [sql.SQL("_given_stamp")] if self._given_stamps else []
        for name in spec.stamps:
            landed = spec.column(name).landed
            if landed in values:
                stamps.append(sql.SQL("{}::timestamptz").format(values[landed]))
        own = sql.SQL("coalesce({})").format(
            sql.SQL(", ").join([*stamps, sql.SQL("null::timestamptz")])
        )
        folder = sql.SQL("({}::date)::timestamp at time zone 'UTC'").format(
            sql.Literal(night)
        )
        if spec.stamp_falls_back:
            stamp = sql.SQL("coalesce({}, {})").format(own, folder)
            from_folder = sql.SQL("{} is null").format(own)
        else:
            stamp, from_folder = own, sql.SQL("false")
        return sql.SQL("{}, {}, {}, {}, {}").format(
            sql.SQL(", ").join(values.values()), key, stamp, from_folder, _content_hash(values, self._has_separators)
        )

    def _value(self, column: str) -> sql.Composed:
        """A staged value as it is landed: the literal null of some sources is none."""
        if self._spec.literal_null:
            return sql.SQL("nullif({}, 'null')").format(sql.Identifier(column))
        return sql.SQL("{}").format(sql.Identifier(column))

    def account(self, load_id: int, night: date) -> None:
        """Move the staged refused rows to ops.quarantine."""
        self.close()
        self._cursor.execute(
            sql.SQL(
                "insert into ops.quarantine (load_id, source, object, night, file_name,"
                " line_number, raw_text, reason, detail)"
                " select {}, {}, {}, {}, file_name, line_number, raw_text, reason, detail from {}"
                " order by file_name, line_number"
            ).format(
                sql.Literal(load_id),
                sql.Literal(self._spec.source),
                sql.Literal(self._spec.name),
                sql.Literal(night),
                _QUARANTINE,
            )
        )


def _content_hash(values: dict[str, sql.Composed], has_separator: bool) -> sql.Composed:
    """MD5 over the filled values in order of their columns' names, each with its name.

    Columns without a value do not count: a row means the same whether a column that is null in it
    was delivered or not. Where a value holds the separator itself, lengths are hashed as well, so
    that no two contents read the same.
    """
    names = sorted(values)
    plain = [
        sql.SQL("case when {0} is not null then {1} || {0} end").format(
            values[name], sql.Literal(f"{SEPARATOR}{name}=")
        )
        for name in names
    ]
    plain.append(sql.SQL("_overflow::text"))
    result = sql.SQL("md5({})").format(_concatenated(plain))
    if not has_separator:
        return result
    measured = [
        sql.SQL("case when {0} is not null then {1} || octet_length({0}) || ':' || {0} end").format(
            values[name], sql.Literal(f"{SEPARATOR}{name}=")
        )
        for name in names
    ]
    return sql.SQL("case when _has_separator then md5({}) else {} end").format(
        _concatenated([sql.SQL("'measured'"), *measured, sql.SQL("_overflow::text")]), result
    )


def _concatenated(parts: Sequence[sql.Composable]) -> sql.Composed:
    """One text of many; a call takes at most 100 arguments."""
    groups = [
        sql.SQL("concat({})").format(sql.SQL(", ").join(parts[start : start + 100]))
        for start in range(0, len(parts), 100)
    ]
    return sql.SQL(" || ").join(groups)


def _long_id(key: sql.Composed) -> sql.Composed:
    """A Salesforce id in its form of 18 characters, so that both forms are one record."""
    alphabet = sql.Literal("ABCDEFGHIJKLMNOPQRSTUVWXYZ012345")
    checks = []
    for start in (0, 5, 10):
        bits = [
            sql.SQL("(substr({}, {}, 1) ~ '[A-Z]')::int * {}").format(
                key, sql.Literal(start + bit + 1), sql.Literal(2**bit)
            )
            for bit in range(5)
        ]
        checks.append(
            sql.SQL("substr({}, 1 + {}, 1)").format(alphabet, sql.SQL(" + ").join(bits))
        )
    return sql.SQL(
        "case when length({0}) = 15 and {0} ~ '^[A-Za-z0-9]+$' then {0} || {1} else {0} end"
    ).format(key, sql.SQL(" || ").join(checks))


def _overflow(
    values: Sequence[str | None], targets: Sequence[str | None], names: Sequence[str]
) -> str | None:
    held = {
        name: value
        for value, target, name in zip(values, targets, names, strict=True)
        if target is None and value is not None
    }
    return json.dumps(held, ensure_ascii=False) if held else None
