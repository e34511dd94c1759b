"""The staging tables of one load and the COPY streams that fill them.

A row is staged either as the bytes in which it was delivered, or as judged values with its stamp.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from datetime import date
from typing import NamedTuple

import psycopg
from psycopg import sql

from lead_handoff.catalogue import METADATA_COLUMNS, ObjectSpec

STAGE = sql.Identifier("landing_stage")
QUARANTINE = sql.Identifier("landing_quarantine")
SEPARATOR = "\x1f"
"""Stands between the parts of a version that are hashed; rows holding it are always judged."""

_OWN = {
    "_overflow": "jsonb",
    "_given_stamp": "timestamptz",
    "_is_judged": "bool",
    "_has_separator": "bool",
}
STAGED_COLUMNS = tuple(_OWN)
"""Columns of the staging table beside the source's own."""


class Refused(NamedTuple):
    """A row for quarantine, as the staging table has it."""

    file_name: str
    line_number: int
    raw_text: str
    reason: str
    detail: str
    column_name: str | None
    sample: str


class CopyStream:
    """One COPY after another on a cursor, the bytes sent while the next ones are looked at."""

    def __init__(self, cursor: psycopg.Cursor) -> None:
        self._cursor = cursor
        self._sender = ThreadPoolExecutor(1, "landing-copy")
        self._sending: Future[None] | None = None
        self._open = ExitStack()
        self._copy: psycopg.Copy | None = None
        self._key: tuple[object, ...] = ()

    def to(self, key: tuple[object, ...], statement: sql.Composed) -> psycopg.Copy:
        """The running COPY if it has this key, else a new one with the statement."""
        if self._copy is None or key != self._key:
            self.close()
            self._copy = self._open.enter_context(self._cursor.copy(statement))
            self._key = key
        self._wait()
        return self._copy

    def send(self, copy: psycopg.Copy, pieces: Iterable[bytes]) -> None:
        """Write to the running COPY in the background; waits for what was sent before."""
        self._wait()

        def write() -> None:
            for piece in pieces:
                copy.write(piece)

        self._sending = self._sender.submit(write)

    def _wait(self) -> None:
        sending, self._sending = self._sending, None
        if sending is not None:
            sending.result()

    def close(self) -> None:
        """End the running COPY, if there is one; its rows are in the table then."""
        self._wait()
        self._copy = None
        self._open.close()

    def shut(self, error: BaseException | None) -> None:
        """Let go of everything; with an error, a running COPY is given up."""
        self._sender.shutdown(wait=True)
        self._copy = None
        if error is not None:
            try:
                self._open.__exit__(type(error), error, None)
            except psycopg.Error:
                return  # the error at hand says more than what follows from it


class Stage:
    """The staging tables of one load.

    ``columns`` are the raw table's own columns of the source, kept up to date as files bring more;
    ``delivered`` those that this load's files have; ``zone`` is that of times without offset. Use
    as a context: leaving it with an error gives up a running COPY.
    """

    def __init__(self, cursor: psycopg.Cursor, spec: ObjectSpec, zone: str) -> None:
        self.spec = spec
        self.zone = zone
        self.cursor = cursor
        self.table = sql.Identifier(spec.schema, spec.table)
        self.delivered: set[str] = set()
        self.has_given_stamps = False
        self.has_separators = False
        self.columns = self._raw_columns()
        types = dict.fromkeys(self.columns, "text") | _OWN
        listed = sql.SQL(", ").join(
            sql.SQL("{} {}").format(sql.Identifier(name), sql.Identifier(kind))
            for name, kind in types.items()
        )
        cursor.execute(
            sql.SQL("create temporary table {} ({}) on commit drop").format(STAGE, listed)
        )
        cursor.execute(
            sql.SQL(
                "create temporary table {} (file_name text, line_number bigint, raw_text text,"
                " reason text, detail text, column_name text, sample text) on commit drop"
            ).format(QUARANTINE)
        )
        self._stream = CopyStream(cursor)

    def __enter__(self) -> Stage:
        return self

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        self._stream.shut(error)

    def _raw_columns(self) -> list[str]:
        self.cursor.execute(
            "select attname from pg_attribute"
            " where attrelid = (quote_ident(%s) || '.' || quote_ident(%s))::regclass"
            " and attnum > 0 and not attisdropped order by attnum",
            (self.spec.schema, self.spec.table),
        )
        names = [str(row[0]) for row in self.cursor.fetchall()]
        return [name for name in names if name not in METADATA_COLUMNS]

    def add_columns(self, names: Iterable[str | None]) -> None:
        """Add raw columns that a file brings and the table does not have yet."""
        missing = [name for name in names if name is not None and name not in self.columns]
        if missing:
            self._stream.close()
        for name in missing:
            for table in (self.table, STAGE):
                self.cursor.execute(
                    sql.SQL("alter table {} add column {} text").format(table, sql.Identifier(name))
                )
            self.columns.append(name)

    def copy_clean(
        self, targets: Sequence[str], delimiter: str, is_crlf: bool, pieces: Iterable[bytes]
    ) -> None:
        """Copy bytes of whole CSV records, as delivered, into the target columns."""
        columns = _listed(targets)
        statement = sql.SQL(
            "copy {} ({}) from stdin (format csv, delimiter {}, force_null ({}), encoding 'UTF8')"
        ).format(STAGE, columns, sql.Literal(delimiter), columns)
        copy = self._stream.to(("clean", tuple(targets), delimiter, is_crlf), statement)
        self._stream.send(copy, pieces)
        self.delivered.update(targets)

    def copy_judged(
        self,
        targets: Sequence[str | None],
        names: Sequence[str],
        rows: Iterable[tuple[list[str | None], str | None]],
    ) -> None:
        """Copy rows judged one by one, with their stamps; values without target overflow."""
        kept = [name for name in targets if name is not None]
        statement = sql.SQL("copy {} ({}) from stdin").format(
            STAGE, _listed([*kept, *STAGED_COLUMNS])
        )
        copy = self._stream.to(("judged", tuple(kept)), statement)
        for values, stamp in rows:
            landed = [v for v, target in zip(values, targets, strict=True) if target is not None]
            has_separator = any(SEPARATOR in value for value in landed if value is not None)
            self.has_separators |= has_separator
            overflow = _overflow(values, targets, names)
            copy.write_row([*landed, overflow, stamp, True, has_separator])
        self.delivered.update(kept)
        self.has_given_stamps = True

    def copy_quarantine(self, rows: Iterable[Refused]) -> None:
        """Copy refused rows."""
        copy = self._stream.to(("quarantine",), sql.SQL("copy {} from stdin").format(QUARANTINE))
        for row in rows:
            copy.write_row(row)

    def staged(self) -> int:
        """Number of rows to land staged."""
        return self._count(STAGE)

    def quarantined(self) -> int:
        """Number of refused rows staged."""
        return self._count(QUARANTINE)

    def _count(self, table: sql.Identifier) -> int:
        self._stream.close()
        self.cursor.execute(sql.SQL("select count(*) from {}").format(table))
        return int(self.cursor.fetchall()[0][0])

    def keep_quarantine(self, load_id: int, night: date) -> None:
        """Move the refused rows to ops.quarantine."""
        self._stream.close()
        self.cursor.execute(
            sql.SQL(
                "insert into ops.quarantine (load_id, source, object, night, file_name,"
                " line_number, raw_text, reason, detail, column_name, sample)"
                " select {}, {}, {}, {}, refused.* from {} as refused"
                " order by file_name, line_number"
            ).format(load_id, self.spec.source, self.spec.name, night, QUARANTINE)
        )


def _listed(names: Iterable[str]) -> sql.Composed:
    return sql.SQL(", ").join(map(sql.Identifier, names))


def _overflow(
    values: Sequence[str | None], targets: Sequence[str | None], names: Sequence[str]
) -> str | None:
    held = {
        name: value
        for value, target, name in zip(values, targets, names, strict=True)
        if target is None and value is not None
    }
    return json.dumps(held, ensure_ascii=False) if held else None
