"""The ids of frozen cases as the marts have them: a record keeps an id, the marts may not."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import psycopg


def as_in_marts(connection: psycopg.Connection[Any], handoff_ids: Iterable[str]) -> dict[str, str]:
    """The id that each of these handoffs has in the marts now, by the id of the record."""
    ids = {handoff_id: handoff_id for handoff_id in handoff_ids}
    known = connection.execute(
        "select to_regclass('marts.bridge_event_ids') is not null"
    ).fetchone()
    if known == (True,):
        found = connection.execute(
            "select former_id, current_id from marts.bridge_event_ids where former_id = any(%s)",
            [list(ids)],
        ).fetchall()
        ids |= dict(found)
    return ids
