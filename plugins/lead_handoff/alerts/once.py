"""Each channel is told of a night once, whatever is retried, repeated or killed.

A message that has left cannot be taken back, so the intention is recorded before it is sent. A
process that dies in between leaves a night untold rather than told twice.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

import psycopg


@contextmanager
def once(warehouse_url: str, as_of: datetime, channel: str) -> Iterator[bool]:
    """Whether the channel is still to be told of this night.

    A sender that raises has told nobody, so the next attempt may try again.
    """
    with psycopg.connect(warehouse_url, autocommit=True) as connection:
        claimed = connection.execute(
            "insert into ops.digests (as_of, channel) values (%s, %s)"
            " on conflict do nothing returning channel",
            (as_of, channel),
        ).fetchone()
        if claimed is None:
            yield False
            return
        try:
            yield True
        except Exception:
            connection.execute(
                "delete from ops.digests where as_of = %s and channel = %s", (as_of, channel)
            )
            raise
        connection.execute(
            "update ops.digests set sent_at = clock_timestamp() where as_of = %s and channel = %s",
            (as_of, channel),
        )
