"""The review's record in the warehouse: its tables, its log, one attempt a month at a time."""

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, LiteralString, cast

import psycopg
from psycopg import errors as db_errors
from psycopg.types.json import Jsonb

from lead_handoff import months
from lead_handoff.review.ddl import SCHEMA_LOCK, review_ddl, schema_mark
from lead_handoff.review.errors import ReviewError

FIRST_HASH = "0" * 64
"""What the first entry of the log names as the hash of the entry before it."""

# Advisory locks, one per month.
_MONTH_LOCKS = 721_594


def apply_schema(warehouse_url: str) -> None:
    """Create what is missing of schema review; harmless on a living database.

    Raises:
        ReviewError: the user of ``warehouse_url`` may not create it.
    """
    with psycopg.connect(warehouse_url, application_name="lead_handoff:review") as connection:
        connection.execute("select pg_advisory_xact_lock(%s)", [SCHEMA_LOCK])
        found = connection.execute(
            "select obj_description(to_regproc('review.refuse_change'), 'pg_proc')"
        ).fetchone()
        if found is not None and found[0] == schema_mark():
            return
        try:
            connection.execute(cast(LiteralString, review_ddl()))
        except db_errors.InsufficientPrivilege as error:
            raise ReviewError(
                f"the review's tables cannot be created: {error.diag.message_primary}; "
                "connect as the warehouse's owner"
            ) from error


@contextmanager
def month_transaction(warehouse_url: str, month: str) -> Iterator[psycopg.Connection[Any]]:
    """A transaction that nobody else can have for this month at the same time.

    It is committed at the end of the block, or rolled back whole. A session time zone of UTC and
    full float digits keep what is read independent of the server's settings.
    """
    with psycopg.connect(
        warehouse_url,
        application_name="lead_handoff:review",
        options="-c timezone=UTC -c datestyle=ISO",
    ) as connection:
        first = months.first_day(month)
        connection.execute(
            "select pg_advisory_xact_lock(%s, %s)", [_MONTH_LOCKS, first.year * 12 + first.month]
        )
        yield connection


def append(
    connection: psycopg.Connection[Any], month: str, event: str, detail: dict[str, Any]
) -> str:
    """Add an entry to the log, chained to the one before it; return the new entry's hash."""
    connection.execute("select pg_advisory_xact_lock(%s)", [SCHEMA_LOCK])
    last = connection.execute(
        "select sha256 from review.log order by entry desc limit 1"
    ).fetchone()
    previous = str(last[0]) if last else FIRST_HASH
    at = datetime.now(UTC)
    entry_hash = hash_of_entry(previous, month, at, event, detail)
    connection.execute(
        "insert into review.log (month, at, event, detail, previous_sha256, sha256)"
        " values (%s, %s, %s, %s, %s, %s)",
        [month, at, event, Jsonb(detail), previous, entry_hash],
    )
    return entry_hash


def append_refusal(warehouse_url: str, month: str, error: ReviewError) -> None:
    """Log an attempt that was refused, in a transaction of its own."""
    with month_transaction(warehouse_url, month) as connection:
        append(connection, month, "refused", {"error": type(error).__name__, "reason": str(error)})


def hash_of_entry(
    previous: str, month: str, at: datetime, event: str, detail: dict[str, Any]
) -> str:
    """SHA-256 over the entry before it and this entry, as a JSON list with sorted keys."""
    entry = [previous, month, at.astimezone(UTC).isoformat(timespec="microseconds"), event, detail]
    text = json.dumps(entry, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def first_broken_entry(connection: psycopg.Connection[Any]) -> int | None:
    """Number of the first entry whose hash does not follow from what stands there, or None."""
    previous = FIRST_HASH
    rows = connection.execute(
        "select entry, month, at, event, detail, previous_sha256, sha256 from review.log"
        " order by entry"
    )
    for entry, month, at, event, detail, said_previous, said in rows:
        if said_previous != previous or hash_of_entry(previous, month, at, event, detail) != said:
            return int(entry)
        previous = said
    return None
