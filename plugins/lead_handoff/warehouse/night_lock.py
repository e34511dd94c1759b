"""One night at a time, and no write of a night that was taken over.

Two things keep nights apart:

- **The lock** is a row that names the run at work. A run is alive while some session holds the
  session-level advisory lock of its key (PostgreSQL drops it with the connection, so a killed
  run frees the night at once), or while its lease lasts (only under a scheduler, where no process
  of the run may exist between two tasks).
- **The fence** is a number in the same row that rises with every take-over. Each writing
  transaction asserts the fence of its run, which also keeps it from rising until that transaction
  ends. A process that was stopped, replaced and resumed is refused with StaleNightError.

Sessions of a run are named ``lead_handoff:<fence>:<task>``; a take-over ends those of older fences.
"""

from __future__ import annotations

import hashlib
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import psycopg
from psycopg import sql

from lead_handoff.errors import HandoffError
from lead_handoff.warehouse import steps

# Taken by everyone who acquires, takes over or releases, so that exactly one decides at a time.
ACQUIRE_LOCK = 7_215_940_332

STALE_SQLSTATE = "HF001"
"""Raised by ops.assert_fence."""

TAKE_OVER_LOCK_TIMEOUT = "15s"


class NightLockedError(HandoffError):
    """Another run is at work; the message says which, since when, where, and what to do."""


class StaleNightError(HandoffError):
    """This run was taken over by a newer one; nothing it still tried to write was kept."""


@dataclass(frozen=True)
class Holder:
    """The run that holds the night.

    Attributes:
        run: who it is, for people (run id, host, process).
        key: the advisory lock key of the run.
        fence: its present fence.
        as_of: the night it builds.
        since: when it took the night.
        lease_until: until when it counts as alive without a session.
        is_connected: whether a session holds its advisory lock now.
    """

    run: str
    key: int
    fence: int
    as_of: datetime | None
    since: datetime | None
    lease_until: datetime | None
    is_connected: bool


def key_of(run_id: str) -> int:
    """The advisory lock key of a run: 63 bits of its id's hash."""
    return int.from_bytes(hashlib.sha256(run_id.encode()).digest()[:8], "big") >> 1


def describe_here(run_id: str) -> str:
    """The text that names this run to others: run id, host and process."""
    return f"{run_id} (host {socket.gethostname()}, process {os.getpid()})"


def acquire(
    connection: psycopg.Connection,
    run_id: str,
    lease_seconds: float = 0,
    *,
    as_of: datetime | None = None,
    take_over: bool = False,
) -> int:
    """Take the night for a run and return its new fence.

    The same run may acquire again (a task's retry, the next task): the fence rises each time, and
    sessions under the older fence are ended. ``take_over`` takes the night from a living run too.

    Raises:
        NightLockedError: another run is alive.
    """
    key = key_of(run_id)
    with connection.transaction(), connection.cursor() as cursor:
        _serialise(cursor)
        held = _read(cursor)
        if held is not None and held.key != key and not take_over and _is_alive(cursor, held):
            raise NightLockedError(_who_holds_it(held))
        fence = _raise_fence(cursor, end_holds_of=held.key if held and held.key != key else None)
        cursor.execute(
            "update ops.night_lock set holder = %s, holder_key = %s,"
            " as_of = coalesce(%s, case when holder_key = %s then as_of end),"
            " since = case when holder_key = %s then since else clock_timestamp() end,"
            " lease_until = clock_timestamp() + make_interval(secs => %s)",
            (describe_here(run_id), key, as_of, key, key, lease_seconds),
        )
        steps.reached("lock.before_commit")
    steps.reached("lock.after_commit")
    return fence


def advance(connection: psycopg.Connection, run_id: str, lease_seconds: float = 0) -> int:
    """Raise the fence of a run that still holds the night: its earlier tasks may write no more.

    Raises:
        StaleNightError: the night belongs to another run by now, or to none.
    """
    with connection.transaction(), connection.cursor() as cursor:
        _serialise(cursor)
        held = _read(cursor)
        if held is None or held.key != key_of(run_id):
            now = f"it belongs to {held.run}" if held else "it has been given back"
            raise StaleNightError(
                f"Run {run_id} no longer holds the night: {now}. Nothing more of this run is "
                "written; start the night again if it was not published."
            )
        fence = _raise_fence(cursor)
        cursor.execute(
            "update ops.night_lock set lease_until = clock_timestamp() + make_interval(secs => %s)",
            (lease_seconds,),
        )
    return fence


def renew(connection: psycopg.Connection, run_id: str, lease_seconds: float) -> None:
    """Prolong the lease of a run that holds the night; nothing happens if it does not."""
    with connection.transaction(), connection.cursor() as cursor:
        cursor.execute(
            "update ops.night_lock"
            " set lease_until = clock_timestamp() + make_interval(secs => %s)"
            " where holder_key = %s",
            (lease_seconds, key_of(run_id)),
        )


def release(connection: psycopg.Connection, run_id: str) -> bool:
    """Give the night back; whatever of this run is still alive may write no more.

    Returns whether the run held it.
    """
    with connection.transaction(), connection.cursor() as cursor:
        _serialise(cursor)
        held = _read(cursor)
        if held is None or held.key != key_of(run_id):
            return False
        _raise_fence(cursor)
        cursor.execute(
            "update ops.night_lock set holder = null, holder_key = null, as_of = null,"
            " since = null, lease_until = null"
        )
        steps.reached("release.before_commit")
    steps.reached("release.after_commit")
    return True


def assert_fence(cursor: psycopg.Cursor[Any], fence: int) -> None:
    """Refuse to go on in a transaction whose run was taken over.

    Call it before the first write of every transaction. Until that transaction ends nobody can
    take the night over, other than by ending this session.

    Raises:
        StaleNightError: the night belongs to a newer fence.
    """
    try:
        cursor.execute("select ops.assert_fence(%s::bigint)", (fence,))
    except psycopg.Error as error:
        if error.sqlstate == STALE_SQLSTATE:
            raise StaleNightError(stale_message(fence)) from error
        raise


def stale_message(fence: int) -> str:
    """What a refused run is told."""
    return (
        f"This run (fence {fence}) was taken over by a newer one, so its writes are refused and "
        "nothing of them was kept. The newer run does the work; nothing needs to be done."
    )


def living_holder(connection: psycopg.Connection) -> Holder | None:
    """The run that holds the night and is alive, or None if the night is free."""
    with connection.transaction(), connection.cursor() as cursor:
        held = _read(cursor)
        return held if held is not None and _is_alive(cursor, held) else None


def connect(url: str, fence: int, task: str, *, autocommit: bool = False) -> psycopg.Connection:
    """A session of a run: its name carries the fence, so that a take-over finds and ends it."""
    return psycopg.connect(
        url, autocommit=autocommit, application_name=session_name(fence, task), connect_timeout=15
    )


def session_name(fence: int, task: str) -> str:
    """The application_name of a run's session (PostgreSQL keeps 63 bytes of it)."""
    return f"lead_handoff:{fence}:{task}"[:63]


@contextmanager
def writing(url: str, fence: int, task: str) -> Iterator[psycopg.Cursor[Any]]:
    """A fenced transaction in a session of its own; commits at the end of the block.

    Raises:
        StaleNightError: the run was taken over, before or during the block.
    """
    try:
        with connect(url, fence, task) as connection, connection.cursor() as cursor:
            assert_fence(cursor, fence)
            yield cursor
    except psycopg.OperationalError as error:
        # A take-over ends our session; say so, instead of a lost connection.
        if is_stale(url, fence):
            raise StaleNightError(stale_message(fence)) from error
        raise


def is_stale(url: str, fence: int) -> bool:
    """Whether the night has moved past this fence; False if the server cannot be asked."""
    try:
        with psycopg.connect(url, connect_timeout=15) as connection:
            row = connection.execute("select fence from ops.night_lock").fetchone()
    except psycopg.Error:
        return False
    return row is not None and row[0] != fence


@contextmanager
def holding(url: str, run_id: str) -> Iterator[None]:
    """Keep a run alive for the length of the block: hold its advisory lock in a session.

    Shared, so that every task of the run and the process that drives it may hold it at once.
    """
    with psycopg.connect(
        url,
        autocommit=True,
        application_name=f"lead_handoff:hold:{run_id}"[:63],
        connect_timeout=15,
        # A host that vanishes without closing its connection frees the night within a minute.
        keepalives_idle=20,
        keepalives_interval=10,
        keepalives_count=4,
        options="-c tcp_keepalives_idle=20 -c tcp_keepalives_interval=10 -c tcp_keepalives_count=4",
    ) as connection:
        connection.execute("select pg_advisory_lock_shared(%s)", (key_of(run_id),))
        yield


def _serialise(cursor: psycopg.Cursor[Any]) -> None:
    cursor.execute("select pg_advisory_xact_lock(%s)", (ACQUIRE_LOCK,))


def _read(cursor: psycopg.Cursor[Any]) -> Holder | None:
    cursor.execute(
        "select night_lock.holder, night_lock.holder_key, night_lock.fence, night_lock.as_of,"
        "  night_lock.since, night_lock.lease_until,"
        "  exists (select 1 from pg_locks"
        "    where pg_locks.locktype = 'advisory' and pg_locks.granted and pg_locks.objsubid = 1"
        "      and pg_locks.database ="
        "        (select oid from pg_database where datname = current_database())"
        "      and pg_locks.classid::bigint = (night_lock.holder_key >> 32)"
        "      and pg_locks.objid::bigint = (night_lock.holder_key & 4294967295))"
        " from ops.night_lock"
    )
    row = cursor.fetchone()
    if row is None or row[1] is None:
        return None
    return Holder(*row)


def _is_alive(cursor: psycopg.Cursor[Any], held: Holder) -> bool:
    if held.is_connected:
        return True
    cursor.execute(
        "select coalesce(%s::timestamptz > clock_timestamp(), false)", (held.lease_until,)
    )
    return cursor.fetchone() == (True,)


def _raise_fence(cursor: psycopg.Cursor[Any], end_holds_of: int | None = None) -> int:
    """End the sessions of older fences, then raise the fence; needs the acquirers' lock."""
    cursor.execute(
        "select pg_terminate_backend(pid) from pg_stat_activity"
        " where datname = current_database() and pid <> pg_backend_pid()"
        r"   and application_name ~ '^lead_handoff:\d+:'"
    )
    if end_holds_of is not None:
        # Only reached when the holder is dead (no such session) or is to be taken over.
        cursor.execute(
            "select pg_terminate_backend(pid) from pg_locks"
            " where locktype = 'advisory' and objsubid = 1 and pid <> pg_backend_pid()"
            "   and database = (select oid from pg_database where datname = current_database())"
            "   and classid::bigint = %s and objid::bigint = %s",
            (end_holds_of >> 32, end_holds_of & 0xFFFFFFFF),
        )
    cursor.execute(
        sql.SQL("set local lock_timeout = {}").format(sql.Literal(TAKE_OVER_LOCK_TIMEOUT))
    )
    cursor.execute("update ops.night_lock set fence = fence + 1 returning fence")
    row = cursor.fetchone()
    if row is None:
        raise HandoffError("ops.night_lock has lost its row; run the bootstrap again.")
    return int(row[0])


def _who_holds_it(held: Holder) -> str:
    night = f", as of {held.as_of:%Y-%m-%dT%H:%M%z}" if held.as_of else ""
    since = f", since {held.since:%Y-%m-%d %H:%M:%S %z}" if held.since else ""
    remedy = (
        "Wait until it has finished and start again. If that process hangs, end it: its lock goes "
        "with it."
    )
    if not held.is_connected and held.lease_until:
        remedy = (
            f"None of its tasks is running at this moment; it keeps the night until "
            f"{held.lease_until:%Y-%m-%d %H:%M:%S %z}. Wait for it, or give its run up and start "
            "again with --take-over."
        )
    return f"Another night is running: {held.run}{night}{since}. {remedy}"
