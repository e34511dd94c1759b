"""Takes a landed version out again: the way out where a bad row landed and stays.

Versions are never overwritten, so a corrected delivery does not remove what was wrong. A withdrawal
is accounted for (who, when, why) and holds for good: the same content is not landed again.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

import psycopg
from psycopg import sql

from lead_handoff.catalogue import CATALOGUE, ObjectSpec, fold
from lead_handoff.errors import HandoffError
from lead_handoff.warehouse import night_lock

_STAMPS_SHOWN = 10


class WithdrawalError(HandoffError):
    """There is no such version, or the call does not name one."""


@dataclass(frozen=True)
class Withdrawal:
    """Which version goes, and who takes it out, why.

    Attributes:
        spec: its object.
        key: the record's id.
        stamp: its modification stamp, as in ``_stamp`` of the raw table.
        by: who decided.
        reason: in words.
    """

    spec: ObjectSpec
    key: str
    stamp: datetime
    by: str
    reason: str


def spec_of(source: str, name: str) -> ObjectSpec:
    """The catalogue's object of that name, whatever its case. Raises WithdrawalError."""
    objects = CATALOGUE.get(fold(source), {})
    found = next((spec for spec in objects.values() if fold(spec.name) == fold(name)), None)
    if found is None:
        known = ", ".join(objects) or ", ".join(CATALOGUE)
        raise WithdrawalError(f"there is no object {source} {name}; known are {known}")
    return found


def parse_stamp(text: str) -> datetime:
    """A stamp as psql shows it or as ISO 8601 writes it; UTC where it has no offset.

    Raises WithdrawalError.
    """
    try:
        stamp = datetime.fromisoformat(text.strip())
    except ValueError as error:
        raise WithdrawalError(
            f"{text!r} is no instant; give the version's _stamp, like 2026-05-01T08:00:00Z"
        ) from error
    return stamp if stamp.tzinfo else stamp.replace(tzinfo=UTC)


def withdraw(wanted: Withdrawal, *, warehouse_url: str, fence: int) -> int:
    """Take every version of that key and stamp out; returns how many there were.

    Raises:
        WithdrawalError: who or why is missing, or no such version has landed; the message names
            the stamps that the key has.
        StaleNightError: another run has taken the night meanwhile.
    """
    if not (wanted.by.strip() and wanted.reason.strip()):
        raise WithdrawalError("a withdrawal needs a name and a reason")
    with night_lock.writing(warehouse_url, fence, "withdraw") as cursor:
        cursor.execute(
            sql.SQL(
                "with gone as ("
                " delete from {} where _key = any ({}) and _stamp = {}"
                " returning _key, _stamp, _content_hash, _first_night"
                "), numbered as ("
                " select nextval(pg_get_serial_sequence('ops.loads', 'load_id')) as load_id"
                ") insert into ops.withdrawals"
                " (load_id, source, object, table_name, key, stamp, content_hash, first_night,"
                " withdrawn_by, reason)"
                " select numbered.load_id, {}, {}, {}, gone._key, gone._stamp, gone._content_hash,"
                " gone._first_night, {}, {} from gone cross join numbered"
            ).format(
                sql.Identifier(wanted.spec.schema, wanted.spec.table),
                _keys(cursor, wanted),
                wanted.stamp,
                wanted.spec.source,
                wanted.spec.name,
                wanted.spec.table,
                wanted.by.strip(),
                wanted.reason.strip(),
            )
        )
        if not cursor.rowcount:
            raise WithdrawalError(_no_such_version(cursor, wanted))
        return cursor.rowcount


def _keys(cursor: psycopg.Cursor, wanted: Withdrawal) -> list[str]:
    """The forms of the key: a Salesforce id of 15 characters is landed in its form of 18."""
    keys = [wanted.key]
    if wanted.spec.source == "salesforce" and len(wanted.key) == 15:
        cursor.execute("select ops.salesforce_id_from_15(%s)", (wanted.key,))
        keys += [str(row[0]) for row in cursor.fetchall()]
    return keys


def _no_such_version(cursor: psycopg.Cursor, wanted: Withdrawal) -> str:
    cursor.execute(
        sql.SQL("select _stamp from {} where _key = any ({}) order by _stamp desc").format(
            sql.Identifier(wanted.spec.schema, wanted.spec.table), _keys(cursor, wanted)
        )
    )
    stamps = [row[0].astimezone(UTC).isoformat() for row in cursor.fetchall()]
    what = f"{wanted.spec.source} {wanted.spec.name} {wanted.key}"
    if not stamps:
        return f"nothing has landed of {what}"
    shown = ", ".join(stamps[:_STAMPS_SHOWN]) + (" …" if len(stamps) > _STAMPS_SHOWN else "")
    return f"{what} has no version of {wanted.stamp.astimezone(UTC).isoformat()}; it has {shown}"
