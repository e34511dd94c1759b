"""Histories that tell days in place of times, as some sources do.

An export with dates only, one in which some times were lost, an integration that writes everything
at nine. Each object of a company has a habit of its own, drawn by its seed.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable
from dataclasses import replace
from random import Random

from tests.oracle.company import KEY_FIELDS, Landed

_COLUMNS = {
    ("salesforce", "Lead"): ("CreatedDate",),
    ("salesforce", "LeadHistory"): ("CreatedDate",),
    ("salesforce", "Task"): ("CompletedDateTime", "CreatedDate"),
    ("salesforce", "Event"): ("StartDateTime", "EndDateTime", "CreatedDate"),
    ("salesforce", "Opportunity"): ("CreatedDate",),
    ("salesforce", "OpportunityFieldHistory"): ("CreatedDate",),
    ("salesforce", "OpportunityHistory"): ("CreatedDate",),
    ("marketo", "leads"): ("createdAt",),
    ("marketo", "activities"): ("activityDate",),
    ("generic", "leads"): ("created_at",),
    ("generic", "lead_events"): ("occurred_at", "recorded_at"),
    ("generic", "activities"): ("occurred_at", "recorded_at"),
    ("generic", "opportunities"): ("created_at", "closed_at"),
    ("hubspot", "contacts"): ("createdate",),
    ("hubspot", "contact_property_history"): ("timestamp",),
    ("hubspot", "deals"): ("createdate", "closedate"),
    ("hubspot", "deal_property_history"): ("timestamp",),
    ("hubspot", "calls"): ("hs_timestamp", "hs_createdate"),
    ("hubspot", "tasks"): ("hs_task_completion_date", "hs_createdate"),
}
_HABITS: dict[str, Callable[[str, int], str]] = {
    "times": lambda text, draw: text,
    "dates": lambda text, draw: text[:10],
    "some dates": lambda text, draw: text[:10] if draw % 10 < 4 else text,
    "nine": lambda text, draw: f"{text[:10]}T09:00:00Z",
    "nearly always nine": lambda text, draw: text if draw % 20 == 0 else f"{text[:10]}T09:00:00Z",
}
_OFTEN = ["times"] * 5 + ["dates", "some dates", "nine", "nearly always nine"]


def in_days(rows: list[Landed], seed: int) -> list[Landed]:
    """The rows with the times of some objects told by the habits of a seed.

    A row that comes again is told the same again.
    """
    random = Random(f"{seed} and days")
    habits = {name: _HABITS[random.choice(_OFTEN)] for name in _COLUMNS}
    return [_told(row, habits) for row in rows]


def _told(landed: Landed, habits: dict[tuple[str, str], Callable[[str, int], str]]) -> Landed:
    name = (landed.source, landed.object)
    if name not in habits:
        return landed
    row = dict(landed.row)
    key = row.get(KEY_FIELDS.get(name, "Id"), "")
    for column in _COLUMNS[name]:
        text = row.get(column)
        if text and text[:1].isdigit():
            row[column] = habits[name](text, zlib.crc32(f"{key} {column} {text}".encode()))
    return replace(landed, row=row)
