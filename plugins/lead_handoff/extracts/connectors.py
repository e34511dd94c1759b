"""Which sources can be pulled, and everything that whoever starts a pull has to know of them."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from lead_handoff.extracts import (
    hubspot,
    hubspot_check,
    marketo,
    marketo_check,
    salesforce,
    salesforce_check,
)
from lead_handoff.extracts.connection import Connection
from lead_handoff.extracts.errors import ExtractError
from lead_handoff.extracts.http import Patience
from lead_handoff.extracts.pulling import Pulled, Tell


@dataclass(frozen=True)
class Connector:
    """A source that can be pulled."""

    source: str
    objects: Callable[[], list[str]]
    session: Callable[[Connection, Patience | None], AbstractContextManager[Any]]
    pull: Callable[..., Pulled | None]
    problems_of: Callable[[Any], list[str]]

    @property
    def conn_id(self) -> str:
        """The connection that the nightly run looks for."""
        return f"{self.source}_default"

    def objects_of(self, connection: Connection) -> list[str]:
        """The objects that are pulled over this connection: all that are not left out.

        Raises ExtractError(bad_connection) where ``leave_out`` names none of the source's.
        """
        left_out = connection.extra.get("leave_out") or []
        if isinstance(left_out, str):
            left_out = [name.strip() for name in left_out.split(",") if name.strip()]
        known = self.objects()
        unknown = [str(name) for name in left_out if name not in known]
        if unknown:
            raise ExtractError(
                "bad_connection",
                f"{connection.conn_id}: leave_out names {', '.join(unknown)[:200]}; the objects of"
                f" {self.source} are {', '.join(known)}",
            )
        return [name for name in known if name not in left_out]


CONNECTORS = {
    each.source: each
    for each in (
        Connector(
            "salesforce",
            salesforce.objects,
            salesforce.session,
            salesforce.pull,
            salesforce_check.problems_of,
        ),
        Connector(
            "marketo", marketo.objects, marketo.session, marketo.pull, marketo_check.problems_of
        ),
        Connector(
            "hubspot", hubspot.objects, hubspot.session, hubspot.pull, hubspot_check.problems_of
        ),
    )
}
"""Source -> how it is pulled."""


def connector_of(conn_id: str) -> Connector:
    """The connector of a connection, which its id begins with: ``salesforce_emea``.

    Raises ExtractError(bad_connection).
    """
    source = conn_id.partition("_")[0]
    if source not in CONNECTORS:
        raise ExtractError(
            "bad_connection",
            f"{conn_id}: the id of a connection begins with the source's name, one of"
            f" {', '.join(CONNECTORS)}",
        )
    return CONNECTORS[source]


def local_root(extracts_root: str) -> Path:
    """The folder that a pull writes to. Raises ExtractError(no_folder) for an object store."""
    if "://" in extracts_root:
        raise ExtractError(
            "no_folder",
            "A pull writes to a local folder, and HANDOFF_EXTRACTS names"
            f" {extracts_root.split('://')[0]}://; set it to a folder, and copy the night folders"
            " from there if need be.",
        )
    return Path(extracts_root)


def pull_one(
    connection: Connection, name: str, night: date, extracts_root: str, tell: Tell
) -> Pulled | None:
    """Pull one object by a session of its own; None where the night has been pulled."""
    connector = connector_of(connection.conn_id)
    root = local_root(extracts_root)
    with connector.session(connection, None) as session:
        return connector.pull(session, name, night, root, tell=tell)
