"""Times that tell a day and no time of day.

A time carries none if it is a bare date, or shows in the source's zone, the agreement's or UTC
midnight or the one time of day that its column shows. Its day is that zone's, of several zones the
first named here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from tests.oracle.values import first_instant_of_day, second_of

if TYPE_CHECKING:
    from tests.oracle.company import Cells, Company

Column = tuple[str, str, str]
_FEWEST_ROWS, _FEWEST_DAYS = 20, 10
_UTC = ZoneInfo("UTC")
_FIELDS: dict[Column, tuple[tuple[str, ...], str | None]] = {
    ("salesforce", "Lead", "CreatedDate"): (("CreatedDate",), "CreatedById"),
    ("salesforce", "LeadHistory", "CreatedDate"): (("CreatedDate",), "CreatedById"),
    ("salesforce", "Task", "CompletedDateTime"): (("CompletedDateTime",), "OwnerId"),
    ("salesforce", "Task", "CreatedDate"): (("CreatedDate",), "OwnerId"),
    ("salesforce", "Event", "StartDateTime"): (("StartDateTime",), "OwnerId"),
    ("salesforce", "Event", "CreatedDate"): (("CreatedDate",), "OwnerId"),
    ("salesforce", "Opportunity", "CreatedDate"): (("CreatedDate",), "CreatedById"),
    ("salesforce", "Opportunity", "CloseDate"): (("LastStageChangeDate", "CloseDate"), None),
    ("salesforce", "OpportunityFieldHistory", "CreatedDate"): (("CreatedDate",), "CreatedById"),
    ("salesforce", "OpportunityHistory", "CreatedDate"): (("CreatedDate",), "CreatedById"),
    ("marketo", "leads", "createdAt"): (("createdAt",), None),
    ("marketo", "activities", "activityDate"): (("activityDate",), None),
    ("generic", "leads", "created_at"): (("created_at",), None),
    ("generic", "lead_events", "occurred_at"): (("occurred_at",), "actor_id"),
    ("generic", "lead_events", "recorded_at"): (("recorded_at",), "actor_id"),
    ("generic", "activities", "occurred_at"): (("occurred_at",), "user_id"),
    ("generic", "activities", "recorded_at"): (("recorded_at",), "user_id"),
    ("generic", "opportunities", "created_at"): (("created_at",), "created_by"),
    ("generic", "opportunities", "closed_at"): (("closed_at",), "closed_by"),
    ("hubspot", "contacts", "createdate"): (("createdate",), None),
    ("hubspot", "contact_property_history", "timestamp"): (("timestamp",), None),
    ("hubspot", "deals", "createdate"): (("createdate",), None),
    ("hubspot", "deals", "closedate"): (("closedate",), None),
    ("hubspot", "deal_property_history", "timestamp"): (("timestamp",), None),
}
"""The columns that times are read from: of several fields the first filled one; whose row it is."""
for _name, _fields in {
    "calls": ("hs_timestamp",),
    "emails": ("hs_timestamp",),
    "meetings": ("hs_meeting_start_time", "hs_timestamp"),
    "tasks": ("hs_task_completion_date",),
}.items():
    _FIELDS["hubspot", _name, _fields[0]] = (_fields, "hubspot_owner_id")
    _FIELDS["hubspot", _name, "hs_createdate"] = (
        ("hs_createdate", "createdAt"),
        "hubspot_owner_id",
    )


@dataclass(frozen=True)
class Day:
    """A day of some zone, from its first instant to the next day's."""

    start: datetime
    end: datetime

    @property
    def last(self) -> datetime:
        """Its last second."""
        return self.end - timedelta(seconds=1)


class TimesOfDay:
    """Says of a time in a column which day it tells, where it tells no more."""

    def __init__(
        self, company: Company, user_of: Callable[[Column, Cells], str | None] | None = None
    ) -> None:
        self.company = company
        self.agreement = company.agreement
        self._user_of = user_of or (lambda column, row: None)
        self._one_times: dict[Column, list[time | None]] = {}

    def day_of(self, column: Column, at: datetime | None) -> Day | None:
        """The day that a time tells; None where it has a time of day."""
        if at is None:
            return None
        zones = self._zones(column[0], at)
        for zone, one_time in zip(zones, self._one_times_of(column), strict=True):
            local = second_of(at).astimezone(zone)
            midnight = first_instant_of_day(local.date(), zone)
            if second_of(at) == midnight or local.time() == one_time:
                following = first_instant_of_day(local.date() + timedelta(days=1), zone)
                return Day(midnight, following)
        return None

    def midnight_of(self, source: str, at: datetime) -> Day | None:
        """The day of a stamp that is a midnight, or a folder's date: no column tells it."""
        for zone in self._zones(source, at):
            local = second_of(at).astimezone(zone)
            midnight = first_instant_of_day(local.date(), zone)
            if second_of(at) == midnight:
                return Day(midnight, first_instant_of_day(local.date() + timedelta(days=1), zone))
        return None

    def _zones(self, source: str, at: datetime) -> list[ZoneInfo]:
        return [self.company.zone(source), self.agreement.judging(at).zone, _UTC]

    def _one_times_of(self, column: Column) -> list[time | None]:
        """The one time of day of a column in each of the three zones, where it shows one.

        At least nine in ten of its rows show it, of 20 rows or more on ten days or more; what
        automation users wrote is left out.
        """
        if column not in self._one_times:
            shown = self._shown(column)
            result: list[time | None] = []
            for place in range(3):
                times = Counter(second_of(local[place]).time() for local in shown)
                days = {local[place].date() for local in shown}
                one, often = times.most_common(1)[0] if times else (None, 0)
                is_one = len(shown) >= _FEWEST_ROWS and len(days) >= _FEWEST_DAYS
                result.append(one if is_one and 10 * often >= 9 * len(shown) else None)
            self._one_times[column] = result
        return self._one_times[column]

    def _shown(self, column: Column) -> list[list[datetime]]:
        source, name, _ = column
        fields, user_field = _FIELDS[column]
        result = []
        for versions in self.company.versions[source, name].values():
            for version in versions:
                text = next((t for f in fields if (t := version.row.get(f))), None)
                at = self.company.instant(source, text)
                if at is None:
                    continue
                user = version.row.get(user_field) if user_field else None
                user = user or self._user_of(column, version.row)
                if (source, user) not in self.agreement.judging(at).automation_users:
                    result.append([at.astimezone(zone) for zone in self._zones(source, at)])
        return result
