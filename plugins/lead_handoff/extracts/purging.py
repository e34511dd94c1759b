"""What a source forgets by itself, and which days a pull came too late for."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from lead_handoff.landing.manifest import Gone


@dataclass(frozen=True)
class Kept:
    """For how long a source keeps something of an object.

    Attributes:
        what: in a word, such as deletions.
        days: how old it is when the source purges it.
        is_whole: whether that is the object's own rows, and not something said beside them.
    """

    what: str
    days: int
    is_whole: bool = False


def gone(
    kept: tuple[Kept, ...],
    reached: datetime | None,
    begins: datetime | None,
    now: datetime,
) -> tuple[Gone, ...]:
    """Days that no pull brings any more, at least in part.

    Args:
        kept: what the source keeps for a while only.
        reached: up to where earlier pulls have read; None before the first.
        begins: from when the first pull is to read; None where nobody said so.
        now: the source's clock.
    """
    found = []
    for each in kept:
        # What was told of records before anybody read them is missed by nobody.
        since = reached or (begins if each.is_whole else None)
        until = now - timedelta(days=each.days)
        if since is not None and since < until:
            found.append(
                Gone(each.what, since.date(), until.date(), each.days, is_whole=each.is_whole)
            )
    return tuple(found)
