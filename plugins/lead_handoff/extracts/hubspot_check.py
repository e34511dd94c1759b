"""What stands between a HubSpot connection and its first night, in words to act on."""

from __future__ import annotations

from lead_handoff.extracts.errors import ExtractError
from lead_handoff.extracts.hubspot import OwnerReader, archived_of, objects, reader_of
from lead_handoff.extracts.hubspot_session import DAY_SHARE, Session

ENOUGH = frozenset({"quota_low", "quota_used_up"})
"""Errors that every further question would meet too."""


def problems_of(hubspot: Session) -> list[str]:
    """One sentence for each thing that is missing; an empty list where a pull can begin.

    Raises ExtractError where not even the token is accepted.
    """
    hubspot.login()
    problems: list[str] = []
    for name in objects():
        try:
            _ask_for(hubspot, name)
        except ExtractError as error:
            if error.name in ("token_refused", "source_unreachable"):
                raise
            if error.name in ENOUGH:
                return [
                    f"{error}. A pull stops when {DAY_SHARE:.0%} of them are used: wait for the"
                    " next day, or see which app uses them in Settings, Integrations, API usage."
                ]
            problems.append(f"{name}: {error}")
    return problems


def _ask_for(hubspot: Session, name: str) -> None:
    """All that a pull of an object will ask, once and for nothing."""
    reader = reader_of(hubspot, name)
    until = reader.server_time()
    if isinstance(reader, OwnerReader):
        return
    plan = {"properties": reader.properties()}
    found = reader.search(None, until, 0)
    ids = [str(each["id"]) for each in found["results"]][:1]
    list(reader.rows(ids, plan, False))
    archived_of(hubspot, reader.searched, {"limit": "1"})
