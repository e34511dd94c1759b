"""Pulls of a night as Airflow runs them: from which connections, and what a failure deserves."""

from __future__ import annotations

import random
from datetime import UTC, date, datetime, timedelta
from itertools import zip_longest
from typing import TYPE_CHECKING, Any

from airflow.sdk.definitions.retry_policy import RetryDecision, RetryPolicy

from lead_handoff import settings
from lead_handoff.airflow.telling import teller

if TYPE_CHECKING:
    from lead_handoff.extracts.connection import Connection

FIRST_DELAY = timedelta(minutes=1)
LONGEST_DELAY = timedelta(minutes=30)
LONGEST_WAIT = timedelta(hours=8)
"""For a quota that begins anew at a known time; a night that is later still is not worth it."""


class PullRetries(RetryPolicy):
    """Pauses that double, each with jitter, so that objects of one source do not return at once.

    A used-up quota is waited for; what needs a person fails at once.
    """

    def evaluate(
        self,
        exception: BaseException,
        try_number: int,
        max_tries: int,
        context: Any = None,
    ) -> RetryDecision:
        """See RetryPolicy.evaluate."""
        from lead_handoff.extracts.errors import ExtractError

        if isinstance(exception, ExtractError):
            if not exception.may_pass:
                return RetryDecision.fail("a person has to mend this")
            if exception.resumes_at is not None:
                wait = exception.resumes_at - datetime.now(UTC)
                if wait > LONGEST_WAIT:
                    return RetryDecision.fail("the quota begins anew too late for this night")
                pause = max(wait, timedelta()) + timedelta(seconds=random.uniform(30, 300))  # noqa: S311
                return RetryDecision.retry(pause, "waits for the quota to begin anew")
        longest = min(FIRST_DELAY * 2 ** max(try_number - 1, 0), LONGEST_DELAY)
        return RetryDecision.retry(longest * random.uniform(0.5, 1))  # noqa: S311


def objects_to_pull() -> list[str]:
    """What the night pulls, as ``<source>.<object>``; empty where no connection exists.

    The sources take turns: tasks start in this order, and none of them has to wait for another's
    last object. What an ELT service lands already is not pulled. Raises
    ExtractError(bad_connection).
    """
    from lead_handoff.extracts.connectors import CONNECTORS

    tell = teller("connections")
    found: list[list[str]] = []
    missing = []
    for connector in CONNECTORS.values():
        connection = connection_named(connector.conn_id)
        if connection is None:
            missing.append(connector.conn_id)
            continue
        names = connector.objects_of(connection)
        service = settings.elt_landings().get(connector.source)
        if service is not None:
            names = [name for name in names if not service.keeps(name)]
        found.append([f"{connector.source}.{name}" for name in names])
        tell(f"{connector.conn_id}: {len(names)} objects to pull")
    if not found and missing:
        tell(f"nothing is pulled, files only: no connection {' or '.join(missing)} exists")
    return [name for turn in zip_longest(*found) for name in turn if name is not None]


def pull(what: str, night: date) -> dict[str, Any]:
    """Pull one ``<source>.<object>`` for a night. Raises ExtractError."""
    from lead_handoff.extracts.connectors import CONNECTORS, pull_one
    from lead_handoff.extracts.errors import ExtractError

    tell = teller(f"pull {what}")
    source, _, name = what.partition(".")
    connection = connection_named(CONNECTORS[source].conn_id)
    if connection is None:
        raise ExtractError(
            "no_connection", f"{CONNECTORS[source].conn_id} was removed while the night was running"
        )
    pulled = pull_one(
        connection, name, night, settings.extracts_root(), teller(f"pull {what}", is_passing=True)
    )
    if pulled is None:
        tell(f"this night, or a later one, has been pulled; {night} needs nothing more")
        return {"what": what, "rows": 0}
    tell(f"{pulled.rows:,} rows")
    return {"what": what, "rows": pulled.rows}


def connection_named(conn_id: str) -> Connection | None:
    """A connection of Airflow's, or None where nobody set it up.

    A store that cannot be asked is an error: a source must not be left out for that.
    """
    from airflow.sdk import Connection as Stored
    from airflow.sdk.exceptions import AirflowNotFoundException

    from lead_handoff.extracts.connection import Connection

    try:
        stored = Stored.get(conn_id)
    except AirflowNotFoundException:
        return None
    host = str(stored.host or "")
    if stored.schema in ("http", "https") and "://" not in host:
        host = f"{stored.schema}://{host}"
    if stored.port:
        host = f"{host}:{stored.port}"
    return Connection(
        conn_id, host, str(stored.login or ""), str(stored.password or ""), stored.extra_dejson
    )
