"""From the staging table into the raw table: every distinct version once.

A version is a key, a modification stamp and a content hash. What order and number of deliveries
brought it makes no difference to the raw table.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import psycopg
from psycopg import sql

from lead_handoff.landing.ddl import drop_index_statements, index_statements
from lead_handoff.landing.stage import SEPARATOR, STAGE, Stage

_BULK_ROWS = 20_000  # from here on, the indexes of an empty table are built after its first load
_METADATA = ("_key", "_stamp", "_stamp_from_folder", "_content_hash")


@dataclass(frozen=True)
class Merged:
    """Rows of one load by what became of them: new, updated and unchanged are all staged rows.

    ``withdrawn`` are those of the unchanged ones that somebody took out and that stay out.
    """

    new: int
    updated: int
    unchanged: int
    withdrawn: int = 0


def merge(stage: Stage, load_id: int, night: date) -> Merged:
    """Insert the staged versions that the raw table does not hold, and count what they are.

    new: the first version of a key; updated: another version of a known key, be it newer or older;
    unchanged: a copy of a known version. A version that is known but was first delivered by a
    later folder gets this night as its first one.
    """
    staged = stage.staged()
    if not staged:
        return Merged(0, 0, 0)
    was_empty = not _exists(stage, sql.SQL("select 1 from {}").format(stage.table))
    if was_empty and staged >= _BULK_ROWS:
        inserted = _insert_bulk(stage, load_id, night)
    else:
        inserted = _insert(stage, load_id, night, sql.SQL("on conflict do nothing"))
    new = _count_new_keys(stage, load_id, was_empty) if inserted else 0
    if inserted < staged and not was_empty:
        _lower_first_night(stage, load_id, night)
    return Merged(new, inserted - new, staged - inserted, _count_withdrawn(stage, night))


def _exists(stage: Stage, query: sql.Composed) -> bool:
    stage.cursor.execute(sql.SQL("select exists ({})").format(query))
    return stage.cursor.fetchall() == [(True,)]


def _insert(stage: Stage, load_id: int, night: date, on_conflict: sql.SQL) -> int:
    columns = sorted(stage.delivered)
    names = sql.SQL(", ").join(
        map(sql.Identifier, [*columns, *_METADATA, "_first_night", "_load_id", "_overflow"])
    )
    rows = sql.SQL("select {}, {}::date, {}::bigint, _overflow from {}").format(
        _version(stage, columns, night), night, load_id, STAGE
    )
    if _has_withdrawals(stage):
        rows = sql.SQL("select * from ({}) as staged ({}) where not exists ({})").format(
            rows, names, _withdrawals(stage)
        )
    stage.cursor.execute(
        sql.SQL("insert into {} ({}) {} {}").format(stage.table, names, rows, on_conflict)
    )
    return stage.cursor.rowcount


def _withdrawals(stage: Stage) -> sql.Composed:
    """The withdrawals of the staged version at hand."""
    return sql.SQL(
        "select from ops.withdrawals as gone"
        " where gone.source = {} and gone.object = {} and gone.key = staged._key"
        " and gone.stamp = staged._stamp and gone.content_hash = staged._content_hash"
    ).format(stage.spec.source, stage.spec.name)


def _has_withdrawals(stage: Stage) -> bool:
    query = sql.SQL("select from ops.withdrawals where source = {} and object = {}")
    return _exists(stage, query.format(stage.spec.source, stage.spec.name))


def _count_withdrawn(stage: Stage, night: date) -> int:
    if not _has_withdrawals(stage):
        return 0
    columns = sorted(stage.delivered)
    stage.cursor.execute(
        sql.SQL("select count(*) from (select {} from {}) as staged ({}) where exists ({})").format(
            _version(stage, columns, night),
            STAGE,
            sql.SQL(", ").join(map(sql.Identifier, [*columns, *_METADATA])),
            _withdrawals(stage),
        )
    )
    return int(stage.cursor.fetchall()[0][0])


def _insert_bulk(stage: Stage, load_id: int, night: date) -> int:
    """Fill an empty table first and index it then; repeated versions are removed between."""
    cursor = stage.cursor
    for statement in drop_index_statements(stage.spec):
        cursor.execute(statement)
    inserted = _insert(stage, load_id, night, sql.SQL(""))
    unique, *others = index_statements(stage.spec)
    try:
        with cursor.connection.transaction():
            cursor.execute(unique)
    except psycopg.errors.UniqueViolation:
        cursor.execute(
            sql.SQL(
                "delete from {0} where ctid in ("
                " select ctid from ("
                "  select ctid, row_number() over ("
                "   partition by _key, _stamp, _content_hash order by ctid) as copy"
                "  from {0}) as numbered where copy > 1)"
            ).format(stage.table)
        )
        inserted -= cursor.rowcount
        cursor.execute(unique)
    for statement in others:
        cursor.execute(statement)
    return inserted


def _count_new_keys(stage: Stage, load_id: int, was_empty: bool) -> int:
    """Keys of which this load inserted the first version."""
    known = sql.SQL(
        " and not exists (select 1 from {} as older"
        " where older._key = inserted._key and older._load_id <> {})"
    ).format(stage.table, load_id)
    stage.cursor.execute(
        sql.SQL("select count(distinct _key) from {} as inserted where _load_id = {} {}").format(
            stage.table, load_id, sql.SQL("") if was_empty else known
        )
    )
    return int(stage.cursor.fetchall()[0][0])


def _lower_first_night(stage: Stage, load_id: int, night: date) -> None:
    later = sql.SQL("select 1 from {} where _first_night > {}").format(stage.table, night)
    if not _exists(stage, later):
        return
    columns = sorted(stage.delivered)
    stage.cursor.execute(
        sql.SQL(
            "update {} as known set _first_night = {}, _load_id = {}"
            " from (select {} from {}) as staged ({})"
            " where known._key = staged._key and known._stamp = staged._stamp"
            " and known._content_hash = staged._content_hash and known._first_night > {}"
        ).format(
            stage.table,
            night,
            load_id,
            _version(stage, columns, night),
            STAGE,
            sql.SQL(", ").join(map(sql.Identifier, [*columns, *_METADATA])),
            night,
        )
    )


def _version(stage: Stage, columns: Sequence[str], night: date) -> sql.Composed:
    """SELECT list: the values, key, stamp, whether that is the folder's, content hash."""
    spec = stage.spec
    values = {name: _value(stage, name) for name in columns}
    key = values[spec.column(spec.key).landed]
    if spec.source == "salesforce":
        key = _long_id(key)
    stamps = [spec.column(name).landed for name in spec.stamps]
    read = [_instant(values[name], stage.zone) for name in stamps if name in values]
    own = sql.SQL("coalesce({})").format(sql.SQL(", ").join([*read, sql.SQL("null::timestamptz")]))
    if stage.has_given_stamps:
        # A row that was judged brings its stamp along: what stands in the column may be no date.
        own = sql.SQL("case when _is_judged then _given_stamp else {} end").format(own)
    if spec.stamp_falls_back:
        folder = sql.SQL("({}::date)::timestamp at time zone 'UTC'").format(night)
        stamp = sql.SQL("coalesce({}, {}), {} is null").format(own, folder, own)
    else:
        stamp = sql.SQL("{}, false").format(own)
    return sql.SQL("{}, {}, {}, {}").format(
        sql.SQL(", ").join(values.values()),
        key,
        stamp,
        _content_hash(values, stage.has_separators),
    )


def _instant(value: sql.Composed, zone: str) -> sql.Composed:
    """A stamp that passed the screening as an instant; judged rows bring theirs along.

    What follows the seconds tells whether there is an offset. Local times that the zone's clocks
    skip or show twice are always judged.
    """
    if zone == "UTC":
        return sql.SQL("{}::timestamptz").format(value)
    return sql.SQL(
        "case when substr({0}, 20) ~ '[Z+-]' then {0}::timestamptz"
        " else {0}::timestamp at time zone {1} end"
    ).format(value, zone)


def _value(stage: Stage, column: str) -> sql.Composed:
    """A staged value as it is landed: the literal null of some sources is none."""
    pattern = sql.SQL("nullif({}, 'null')" if stage.spec.literal_null else "{}")
    return pattern.format(sql.Identifier(column))


def _content_hash(values: dict[str, sql.Composed], has_separators: bool) -> sql.Composed:
    """MD5 over the filled values in order of their columns' names, each with its name.

    Columns without a value do not count: a row means the same whether a column that is null in it
    was delivered or not. Where a value holds the separator itself, lengths are hashed as well, so
    that no two contents read the same.
    """
    plain: list[sql.Composable] = []
    measured: list[sql.Composable] = [sql.SQL("'measured'")]
    for name in sorted(values):
        label = f"{SEPARATOR}{name}="
        plain.append(
            sql.SQL("case when {0} is not null then {1} || {0} end").format(values[name], label)
        )
        measured.append(
            sql.SQL(
                "case when {0} is not null then {1} || octet_length({0}) || ':' || {0} end"
            ).format(values[name], label)
        )
    overflow = sql.SQL("_overflow::text")
    result = sql.SQL("md5({})").format(_concatenated([*plain, overflow]))
    if has_separators:
        result = sql.SQL("case when _has_separator then md5({}) else {} end").format(
            _concatenated([*measured, overflow]), result
        )
    return result


def _concatenated(parts: Sequence[sql.Composable]) -> sql.Composed:
    """One text of many; a call takes at most 100 arguments."""
    groups = [
        sql.SQL("concat({})").format(sql.SQL(", ").join(parts[start : start + 100]))
        for start in range(0, len(parts), 100)
    ]
    return sql.SQL(" || ").join(groups)


def _long_id(key: sql.Composed) -> sql.Composed:
    """A Salesforce id in its form of 18 characters, so that both forms are one record."""
    checks = []
    for start in (1, 6, 11):
        bits = [
            sql.SQL("(substr({}, {}, 1) ~ '[A-Z]')::int * {}").format(key, start + bit, 2**bit)
            for bit in range(5)
        ]
        checks.append(
            sql.SQL("substr('ABCDEFGHIJKLMNOPQRSTUVWXYZ012345', 1 + {}, 1)").format(
                sql.SQL(" + ").join(bits)
            )
        )
    return sql.SQL(
        "case when length({0}) = 15 and {0} ~ '^[A-Za-z0-9]+$' then {0} || {1} else {0} end"
    ).format(key, sql.SQL(" || ").join(checks))
