"""What stands between a Marketo connection and its first night, in words to act on."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from lead_handoff.catalogue import CATALOGUE
from lead_handoff.extracts.errors import ExtractError
from lead_handoff.extracts.marketo import activity_types, beginning, lead_fields, literal
from lead_handoff.extracts.marketo_session import DAY_SHARE, Session


def problems_of(marketo: Session) -> list[str]:
    """One sentence for each thing that is missing; an empty list where a pull can begin.

    Raises ExtractError where not even the login succeeds.
    """
    marketo.login()
    used, limit = marketo.usage(), marketo.daily_calls()
    if used is not None and used > DAY_SHARE * limit:
        return [
            f"{used} of the day's {limit} API calls are used: a pull stops at {DAY_SHARE:.0%}. Wait"
            f" until {marketo.quota_resets_at():%Y-%m-%d %H:%MZ}, or, if the subscription has"
            " more, say so in the connection's extra daily_calls."
        ]
    spec = CATALOGUE["marketo"]["leads"]
    questions: list[tuple[str, Callable[[], Any]]] = [
        ("connection", lambda: beginning(marketo.connection)),
        ("leads", lambda: lead_fields(marketo, spec)),
        ("activity_types", lambda: activity_types(marketo)),
        ("leads", lambda: _ask_for_export(marketo, "leads", "updatedAt", ["id"])),
        ("activities", lambda: _ask_for_export(marketo, "activities", "createdAt", ["leadId"])),
        ("activities", lambda: _ask_for_deletions(marketo)),
    ]
    problems = []
    for name, ask in questions:
        try:
            ask()
        except ExtractError as error:
            problems.append(
                f"{name}: the subscription cannot export leads by updatedAt, so every night reads"
                " all leads, which may take more than the day's export quota. Ask Marketo Support"
                " to enable the filter updatedAt for bulk lead extract."
                if error.name == "filter_unavailable"
                else f"{name}: {error}"
            )
    return problems


def _ask_for_export(marketo: Session, name: str, by: str, fields: list[str]) -> None:
    """Create a job and cancel it: that is allowed, and costs nothing, where exporting is."""
    until = marketo.clock()
    span = {"startAt": literal(until - timedelta(hours=1)), "endAt": literal(until)}
    document = {"format": "CSV", "fields": fields, "filter": {by: span}}
    job = marketo.post(f"/bulk/v1/{name}/export/create.json", document)["result"][0]["exportId"]
    marketo.post(f"/bulk/v1/{name}/export/{job}/cancel.json")


def _ask_for_deletions(marketo: Session) -> None:
    since = {"sinceDatetime": literal(marketo.clock() - timedelta(hours=1))}
    answer = marketo.get("/rest/v1/activities/pagingtoken.json", since)
    token = {"nextPageToken": str(answer["nextPageToken"])}
    marketo.get("/rest/v1/activities/deletedleads.json", token)
