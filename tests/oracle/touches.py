"""Touches: completed outbound activities of sales users on a lead."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from tests.oracle.company import Cells, Company
from tests.oracle.identity import Identity, Lead
from tests.oracle.times_of_day import Day
from tests.oracle.values import md5, parse_boolean, second_of, stands_for_no_date

_DONE = frozenset({"completed", "complete", "done", "closed"})

_OCCURRED = {
    "Task": "CompletedDateTime",
    "Event": "StartDateTime",
    "activities": "occurred_at",
    "calls": "hs_timestamp",
    "emails": "hs_timestamp",
    "meetings": "hs_meeting_start_time",
    "tasks": "hs_task_completion_date",
}
_RECORDED = {"Task": "CreatedDate", "Event": "CreatedDate", "activities": "recorded_at"}
_RECORDED |= dict.fromkeys(("calls", "emails", "meetings", "tasks"), "hs_createdate")
"""The columns in which an activity's times stand, by object."""


@dataclass
class Touch:
    """One touch; user_id is null where a completed activity names nobody."""

    touch_id: str
    source: str
    source_id: str
    lead: Lead
    user_id: str | None
    channel: str
    occurred_at: datetime
    recorded_at: datetime | None
    is_late_logged: bool
    day: Day | None = None
    recorded_day: Day | None = None
    handoff_id: str | None = None

    @property
    def second(self) -> datetime:
        return second_of(self.occurred_at)

    @property
    def earliest(self) -> datetime:
        """The first second at which it may have been."""
        return self.day.start if self.day else self.second

    @property
    def latest(self) -> datetime:
        """The last second at which it may have been."""
        return self.day.last if self.day else self.second

    @property
    def recorded_from(self) -> datetime | None:
        """The first moment at which it may have been recorded."""
        return self.recorded_day.start if self.recorded_day else self.recorded_at


@dataclass
class _Activity:
    source: str
    object: str
    source_id: str
    lead: Lead
    user_id: str | None
    occurred_at: datetime
    recorded_at: datetime | None
    row: Cells
    due_on: date | None = None


class Touches:
    """All touches by lead, in order of time, then id."""

    def __init__(self, company: Company, identity: Identity) -> None:
        self.company = company
        self.identity = identity
        self.agreement = company.agreement
        self.by_lead: dict[str, list[Touch]] = defaultdict(list)
        earliest: dict[tuple[str, str, str | None, str, datetime], Touch] = {}
        for activity in self._activities():
            touch = self._touch(activity)
            if touch is None:
                continue
            if touch.day is not None:
                # No minute is known of it, so nothing says that two are one.
                self.by_lead[touch.lead.lead_id].append(touch)
                continue
            key = (
                touch.lead.lead_id,
                touch.source,
                touch.user_id,
                touch.channel,
                touch.occurred_at.replace(second=0, microsecond=0),
            )
            known = earliest.get(key)
            if known is None or (touch.occurred_at, touch.source_id) < (
                known.occurred_at,
                known.source_id,
            ):
                earliest[key] = touch
        for touch in earliest.values():
            self.by_lead[touch.lead.lead_id].append(touch)
        for touches in self.by_lead.values():
            touches.sort(key=lambda touch: (touch.occurred_at, touch.touch_id))

    def of_lead(self, lead: Lead) -> list[Touch]:
        return self.by_lead.get(lead.lead_id, [])

    # -- reading ---------------------------------------------------------------------------

    def _activities(self) -> Iterator[_Activity]:
        yield from self._tasks()
        yield from self._events()
        yield from self._generic_activities()
        yield from self._hubspot_engagements()

    def _lead_of_who(self, who: str | None) -> Lead | None:
        """WhoId is a lead, or the contact that a lead was converted to."""
        if who is None:
            return None
        return self.identity.lead_of.get(("salesforce", who)) or (
            self.identity.lead_of_contact.get(who)
        )

    def _tasks(self) -> Iterator[_Activity]:
        """A Task occurred at its completion; its ActivityDate is only when it was due."""
        for key, row in self.company.current("salesforce", "Task").items():
            lead = self._lead_of_who(row.get("WhoId"))
            occurred = self.company.instant("salesforce", row.get("CompletedDateTime"))
            if lead is None or occurred is None or occurred >= self.company.as_of:
                continue
            if parse_boolean(row.get("IsDeleted")) or not parse_boolean(row.get("IsClosed")):
                continue
            due = row.get("ActivityDate")
            if stands_for_no_date(row.get("CreatedDate"), self.company.zone("salesforce")):
                due = None  # nothing is judged by a creation that nobody told
            yield _Activity(
                "salesforce",
                "Task",
                key,
                lead,
                row.get("OwnerId"),
                occurred,
                self.company.created_at("salesforce", "Task", key, [occurred]),
                row,
                date.fromisoformat(due[:10]) if due else None,
            )

    def _events(self) -> Iterator[_Activity]:
        """An Event occurred at its start, once its end lies before as_of."""
        for key, row in self.company.current("salesforce", "Event").items():
            lead = self._lead_of_who(row.get("WhoId"))
            start = self.company.instant("salesforce", row.get("StartDateTime"))
            end = self.company.instant("salesforce", row.get("EndDateTime")) or start
            if lead is None or start is None or end is None or parse_boolean(row.get("IsDeleted")):
                continue
            if max(start, end) >= self.company.as_of:
                continue
            yield _Activity(
                "salesforce",
                "Event",
                key,
                lead,
                row.get("OwnerId"),
                start,
                self.company.created_at("salesforce", "Event", key, [start]),
                row,
            )

    def _generic_activities(self) -> Iterator[_Activity]:
        for key, row in self.company.current("generic", "activities").items():
            lead = self.identity.lead_of.get(("generic", row.get("lead_id") or ""))
            occurred = self.company.instant("generic", row.get("occurred_at"))
            if lead is None or occurred is None or occurred >= self.company.as_of:
                continue
            is_done = (row.get("status") or "").strip().lower() in _DONE
            if parse_boolean(row.get("is_deleted")) or not is_done:
                continue
            yield _Activity(
                "generic",
                "activities",
                key,
                lead,
                row.get("user_id"),
                occurred,
                self.company.instant("generic", row.get("recorded_at"))
                or min(occurred, self.company.oldest_stamp("generic", "activities", key)),
                row,
            )

    def _hubspot_engagements(self) -> Iterator[_Activity]:
        """Calls, emails, meetings and tasks, once for each contact that they name."""
        for name, when, status, is_done in (
            ("calls", "hs_timestamp", "hs_call_status", lambda s: s in ("", "COMPLETED")),
            ("emails", "hs_timestamp", "hs_email_status", lambda s: s in ("", "SENT")),
            (
                "meetings",
                "hs_meeting_start_time",
                "hs_meeting_outcome",
                lambda s: s not in ("CANCELED", "NO_SHOW", "RESCHEDULED"),
            ),
            ("tasks", "hs_task_completion_date", "hs_task_status", lambda s: s == "COMPLETED"),
        ):
            for key, row in self.company.current("hubspot", name).items():
                at = row.get(when)
                if name == "meetings":
                    at = at or row.get("hs_timestamp")
                occurred = self.company.instant("hubspot", at)
                if occurred is None or occurred >= self.company.as_of:
                    continue
                if parse_boolean(row.get("archived")) or not is_done(
                    (row.get(status) or "").upper()
                ):
                    continue
                told = row.get("hs_createdate") or row.get("createdAt")
                recorded = self.company.instant("hubspot", told)
                if recorded is None:
                    recorded = min(occurred, self.company.oldest_stamp("hubspot", name, key))
                for contact in sorted(set(json.loads(row.get("contact_ids") or "[]"))):
                    lead = self.identity.lead_of.get(("hubspot", contact))
                    if lead is not None:
                        yield _Activity(
                            "hubspot",
                            name,
                            f"{key}:{contact}",
                            lead,
                            row.get("hubspot_owner_id"),
                            occurred,
                            recorded,
                            row,
                        )

    # -- judging ---------------------------------------------------------------------------

    def _touch(self, activity: _Activity) -> Touch | None:
        channel = self._channel(activity)
        if channel is None or not self._is_by_sales(activity):
            return None
        touch = Touch(
            md5(activity.source, activity.object, activity.source_id),
            activity.source,
            activity.source_id,
            activity.lead,
            activity.user_id,
            channel,
            activity.occurred_at,
            activity.recorded_at,
            False,
            self._day(activity, _OCCURRED[activity.object], activity.occurred_at),
            self._day(activity, _RECORDED[activity.object], activity.recorded_at),
        )
        touch.is_late_logged = self._is_late(activity, touch)
        return touch

    def _day(self, activity: _Activity, field: str, at: datetime | None) -> Day | None:
        """The day that a time of an activity tells, where it tells no more."""
        return self.company.times.day_of((activity.source, activity.object, field), at)

    def _channel(self, activity: _Activity) -> str | None:
        """The first line that fits names the channel; `none` and no fitting line mean no touch."""
        for line in self.agreement.judging(activity.occurred_at).channel_lines:
            if (line["source_system"], line["object"]) != (activity.source, activity.object):
                continue
            if line["value"] == "*" or line["value"] == activity.row.get(line["field"]):
                return None if line["channel"] == "none" else line["channel"]
        return None

    def _is_by_sales(self, activity: _Activity) -> bool:
        if activity.user_id is None:
            return True
        version = self.agreement.judging(activity.occurred_at)
        key = (activity.source, activity.user_id)
        row = version.roster.get(key)
        return (
            row is not None and row["function"] == "sales" and key not in (version.automation_users)
        )

    def _is_late(self, activity: _Activity, touch: Touch) -> bool:
        """Recorded over a day after it happened; or a Task created done, and due days before.

        The latter: completed not after its creation, due two or more days before the date of its
        creation in the agreement's time zone. Of a day without a time: whatever its moments were.
        """
        recorded = activity.recorded_at
        if recorded is None:
            return False
        first = touch.recorded_from
        assert first is not None
        latest = touch.day.last if touch.day else activity.occurred_at
        if first - latest > timedelta(days=1):
            return True
        if activity.due_on is None or latest > first:
            return False
        zone = self.agreement.judging(activity.occurred_at).zone
        return (first.astimezone(zone).date() - activity.due_on).days >= 2
