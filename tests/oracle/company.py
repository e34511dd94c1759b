"""What a run sees: landed rows, their versions, changes of fields, and values at a moment."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

from tests.oracle.agreement import STAGE_RANK, Agreement
from tests.oracle.chains import smallest_order
from tests.oracle.day_order import FEW, fewest_breaks, give_times, in_days, one_after_the_other
from tests.oracle.times_of_day import Column, Day, TimesOfDay
from tests.oracle.values import (
    expand_salesforce_id,
    first_instant_of_day,
    is_rewritten,
    parse_boolean,
    parse_instant,
    read_id,
    second_of,
    stands_for_no_date,
)

Cells = dict[str, str | None]
_UNKNOWN = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True)
class Landed:
    """One delivered row: the source's own field names and texts, in a night's folder."""

    source: str
    object: str
    folder_date: date
    row: dict[str, str]


@dataclass(frozen=True)
class Version:
    """One distinct version of a source's row."""

    key: str
    stamp: datetime
    from_folder: bool
    first_night: date
    canonical: str
    row: Cells = field(hash=False, compare=False)

    @property
    def newness(self) -> tuple[datetime, date, str]:
        """Newest wins by stamp, then the later folder, then the larger canonical text."""
        return (self.stamp, self.first_night, self.canonical)


@dataclass
class Change:
    """One change of one field of one source record, as the source's history tells it."""

    source: str
    object: str
    record_id: str
    field_name: str
    event_id: str
    occurred_at: datetime
    recorded_at: datetime | None
    old: str | None
    new: str | None
    actor_id: str | None = None
    reason: str | None = None
    campaign_id: str | None = None
    is_waiting: bool = False
    stands_from: datetime = _UNKNOWN
    """When its value began to stand: not before that of the change which it follows."""
    day: Day | None = None
    recorded_day: Day | None = None
    told_at: datetime = field(init=False)
    """The source's own time; occurred_at may be that of the change which it follows on its day."""
    earliest_at: datetime = field(init=False)
    latest_at: datetime = field(init=False)

    def __post_init__(self) -> None:
        self.told_at = self.earliest_at = self.latest_at = self.occurred_at

    def set_days(self, day: Day | None, recorded_day: Day | None) -> None:
        self.day, self.recorded_day = day, recorded_day
        if day is not None:
            self.earliest_at, self.latest_at = day.start, day.last


KEY_FIELDS = {
    ("marketo", "leads"): "id",
    ("marketo", "activities"): "marketoGUID",
    ("marketo", "activity_types"): "id",
    ("generic", "leads"): "lead_id",
    ("generic", "lead_events"): "event_id",
    ("generic", "activities"): "activity_id",
    ("generic", "users"): "user_id",
    ("generic", "opportunities"): "opportunity_id",
}
HUBSPOT_OBJECTS = ("contacts", "calls", "emails", "meetings", "tasks", "deals", "owners")
HUBSPOT_HISTORIES = {
    "contact_property_history": ("contacts", "contactId"),
    "deal_property_history": ("deals", "dealId"),
}
KEY_FIELDS |= {("hubspot", name): "id" for name in (*HUBSPOT_OBJECTS, *HUBSPOT_HISTORIES)}
STAMP_FIELDS = {
    ("salesforce", "LeadHistory"): ("CreatedDate",),
    ("salesforce", "OpportunityFieldHistory"): ("CreatedDate",),
    ("salesforce", "OpportunityHistory"): ("CreatedDate",),
    ("marketo", "leads"): ("updatedAt",),
    ("marketo", "activities"): ("activityDate",),
    ("marketo", "activity_types"): (),
    ("generic", "leads"): ("updated_at",),
    ("generic", "opportunities"): ("updated_at",),
    ("generic", "lead_events"): ("updated_at", "recorded_at"),
    ("generic", "activities"): ("updated_at", "recorded_at"),
    ("generic", "users"): ("updated_at",),
}
STAMP_FIELDS |= {("hubspot", name): ("archivedAt", "updatedAt") for name in HUBSPOT_OBJECTS}
STAMP_FIELDS |= {("hubspot", name): ("timestamp",) for name in HUBSPOT_HISTORIES}
HUBSPOT_PEOPLE = {"CRM_UI", "CRM_UI_BULK_ACTION", "CONTACTS_WEB", "MOBILE_IOS", "MOBILE_ANDROID"}
"""Tools in which a person changes a value."""
HUBSPOT_MACHINES = {"AUTOMATION_PLATFORM", "WORKFLOWS", "SEQUENCES", "CALCULATED", "TASK", "DEALS"}
HUBSPOT_MACHINES |= {"API", "BATCH_UPDATE", "INTEGRATION", "INTEGRATIONS_PLATFORM"}
HUBSPOT_MACHINES |= {"INTEGRATIONS_SYNC", "SALESFORCE", "FORM", "ANALYTICS", "BOT"}
"""What changes values without a person."""
SALESFORCE_ID_FIELDS = frozenset(
    {
        "Id",
        "LeadId",
        "MasterRecordId",
        "OwnerId",
        "CreatedById",
        "LastModifiedById",
        "ConvertedAccountId",
        "ConvertedContactId",
        "ConvertedOpportunityId",
        "WhoId",
        "WhatId",
        "ManagerId",
        "OpportunityId",
        "ContactId",
        "CampaignId",
        "ProfileId",
        "sfdcLeadId",
        "sfdcContactId",
        "salesforceleadid",
        "salesforcecontactid",
    }
)
OTHER_ID_FIELDS = frozenset(
    {
        "id",
        "leadId",
        "marketoGUID",
        "lead_id",
        "event_id",
        "activity_id",
        "user_id",
        "opportunity_id",
        "actor_id",
        "owner_id",
        "merged_into",
        "other_system",
        "other_system_id",
        "created_by",
        "closed_by",
        "manager_id",
        "contactId",
        "dealId",
        "hubspot_owner_id",
        "hs_created_by_user_id",
        "updatedByUserId",
        "userId",
    }
)
CREATION_FIELDS = {
    ("salesforce", name): ("CreatedDate",)
    for name in ("Lead", "Task", "Event", "User", "Opportunity", "OpportunityContactRole")
}
CREATION_FIELDS |= {
    ("salesforce", "CampaignMember"): ("CreatedDate",),
    ("marketo", "leads"): ("createdAt",),
    ("hubspot", "contacts"): ("createdate", "createdAt"),
    ("hubspot", "deals"): ("createdate", "createdAt"),
    ("generic", "leads"): ("created_at",),
    ("generic", "opportunities"): ("created_at",),
}
CREATION_FIELDS |= {
    ("hubspot", name): ("hs_createdate", "createdAt")
    for name in ("calls", "emails", "meetings", "tasks")
}
"""What tells when a record was made; a stamp that stands for no date is read as it."""
REQUIRED_DATES = {
    ("salesforce", "Task"): ("CompletedDateTime",),
    ("salesforce", "Event"): ("StartDateTime", "EndDateTime"),
    ("generic", "lead_events"): ("occurred_at",),
    ("generic", "activities"): ("occurred_at",),
}
REQUIRED_DATES |= {("hubspot", name): ("hs_timestamp",) for name in HUBSPOT_OBJECTS[1:5]}
"""Dates of a row that is refused where one of them stands for no date."""
OWNER_CHANGES = {
    "LeadHistory": ("Field", "OldValue", "NewValue"),
    "OpportunityFieldHistory": ("Field", "OldValue", "NewValue"),
    "contact_property_history": ("property", "value"),
    "deal_property_history": ("property", "value"),
    "lead_events": ("field", "old_value", "new_value"),
}
OWNER_NAMES = {"Owner", "OwnerId", "hubspot_owner_id", "owner_id"}
LEAD_OBJECTS = {"salesforce": "Lead", "marketo": "leads", "generic": "leads"}
LEAD_OBJECTS |= {"hubspot": "contacts"}
USER_OBJECTS = {"salesforce": "User", "generic": "users", "hubspot": "owners"}
_OWNER_ID = re.compile(r"^(005|00G)([A-Za-z0-9]{12}|[A-Za-z0-9]{15})$")
_NAMES_A_CAMPAIGN = re.compile(r"campaign", re.IGNORECASE)


def names_a_campaign(reason: str | None) -> bool:
    """Whether a reason text names a smart campaign (choice: it contains the word campaign)."""
    return bool(reason and _NAMES_A_CAMPAIGN.search(reason))


def clean(source: str, row: dict[str, str]) -> Cells:
    """Blank is null, Marketo's literal null is null, ids are trimmed and 18 characters long."""
    result: Cells = {}
    for name, text in row.items():
        value: str | None = text
        if value is not None and name in OTHER_ID_FIELDS:
            value = read_id(value)
        if value is None or value == "" or (source == "marketo" and value == "null"):
            value = None
        elif name in SALESFORCE_ID_FIELDS:
            value = expand_salesforce_id(read_id(value))
        result[name] = value
    return result


def canonical_text(source: str, row: Mapping[str, str]) -> str:
    """The text that decides between two versions of equal stamp and folder: the delivered values
    that say something, under their landed names, sorted, as compact JSON."""
    filled = {
        landed_name(name): read_id(value)
        if name in OTHER_ID_FIELDS | SALESFORCE_ID_FIELDS
        else value
        for name, value in row.items()
        if value and not (source == "marketo" and value == "null")
    }
    filled = {name: value for name, value in filled.items() if value}
    return json.dumps(filled, sort_keys=True, ensure_ascii=False, separators=(",", ":"))


@cache
def landed_name(name: str) -> str:
    """A field's name as a column: SystemModstamp -> system_modstamp."""
    name = re.sub(r"([^_])([A-Z][a-z]+)", r"\1_\2", name)
    name = re.sub(r"([a-z0-9])([A-Z])", r"\1_\2", name)
    return re.sub(r"[^a-z0-9_]", "_", name.lower())


def in_chain_order(changes: list[Change], rank: Callable[[Change], int]) -> list[Change]:
    """Order one record's changes of one field by second, and by chain within a second.

    Within a second the order with the fewest breaks between old and new value is taken, starting
    from the last value before that second; of equally good orders the smallest by (stage rank,
    source event id). Before the first change the value is unknown, so nothing breaks there.
    A change that tells no stage has rank 0.
    """
    by_second: dict[datetime, list[Change]] = defaultdict(list)
    for change in changes:
        by_second[second_of(change.occurred_at)].append(change)
    ordered: list[Change] = []
    for second in sorted(by_second):
        group = by_second[second]
        previous = ordered[-1] if ordered else None
        ordered.extend(_best_order(group, previous, rank))
    latest = None
    for change in ordered:
        latest = max(latest or change.occurred_at, change.occurred_at)
        change.stands_from = latest
    return ordered


def in_order_of_days(changes: list[Change], rank: Callable[[Change], int]) -> list[Change]:
    """The same where some changes tell a day and no time of day; these are given times."""
    bare = [change for change in changes if change.day is not None]
    timed = in_chain_order([change for change in changes if change.day is None], rank)

    def place(before: list[Change], window: list[Change], group: list[Change]) -> list[Change]:
        if not window:
            return _best_order(group, before[-1] if before else None, rank)
        both = [*window, *group]
        last = (before[-1].new,) if before else None
        fixed, free = ([(one.old, one.new) for one in part] for part in (window, group))
        keys = [(rank(one), one.event_id) for one in both]
        put = fewest_breaks if len(group) <= FEW else one_after_the_other
        return [both[index] for index in put(last, fixed, free, keys)]

    ordered = in_days(timed, bare, place)
    give_times(ordered)
    latest = _UNKNOWN
    for change in ordered:
        latest = max(latest, change.occurred_at)
        change.stands_from = latest
    return ordered


def _best_order(
    group: list[Change], previous: Change | None, rank: Callable[[Change], int]
) -> list[Change]:
    group = sorted(group, key=lambda change: (rank(change), change.event_id))
    steps = [(change.old, change.new) for change in group]
    last = None if previous is None else (previous.new,)
    return [group[index] for index in smallest_order(steps, last)]


class Timeline:
    """One field of one source record through time.

    Times are compared by their second: within one the order of the changes stands, and what is
    asked for at any moment of it is the last value.
    """

    def __init__(self, changes: list[Change], versions: list[Version], field_name: str) -> None:
        self.changes = changes
        # Of versions of one second the newest is what the record was from that moment on; the
        # oldest of all is what it was before.
        newest = {second_of(version.stamp): version for version in versions}
        self.versions = [*versions[:1], *newest.values()]
        self.field_name = field_name

    def value_at(self, at: datetime) -> str | None:
        """The new value of the last change at or before `at`; else the old value of the first
        change after it; else the newest version's stamped at or before it; else the oldest's."""
        before = self._changes_until(at)
        if before:
            return before[-1].new
        if self.changes:
            return self.changes[0].old
        return self._version_at(at)

    def _changes_until(self, at: datetime) -> list[Change]:
        return [c for c in self.changes if second_of(c.occurred_at) <= second_of(at)]

    def _versions_until(self, at: datetime) -> list[Version]:
        return [v for v in self.versions if second_of(v.stamp) <= second_of(at)]

    def _version_at(self, at: datetime) -> str | None:
        if not self.versions:
            return None
        stamped = self._versions_until(at)
        return (stamped[-1] if stamped else self.versions[0]).row.get(self.field_name)

    def set_at(self, at: datetime, created_at: datetime | None) -> datetime | None:
        """When the value at `at` was last set, as far as it is known.

        A value that the history never sets was there from the record's creation. Without any
        history it was set when the first of the unbroken run of versions that hold it was
        stamped.
        """
        before = self._changes_until(at)
        if before:
            return before[-1].stands_from
        if self.changes:
            return created_at
        stamped = self._versions_until(at)
        if not stamped:
            return self.versions[0].stamp if self.versions else None
        value = stamped[-1].row.get(self.field_name)
        result = stamped[-1].stamp
        for version in reversed(stamped):
            if version.row.get(self.field_name) != value:
                break
            result = version.stamp
        return result

    def first_filled(self, after: datetime, before: datetime | None) -> str | None:
        """The first value that the field gets after one second and before another."""
        if self.changes:
            steps = [(change.occurred_at, change.new) for change in self.changes]
        else:
            steps = [(v.stamp, v.row.get(self.field_name)) for v in self.versions]
        for at, value in steps:
            is_after = second_of(at) > second_of(after)
            is_before = before is None or second_of(at) < second_of(before)
            if is_after and is_before and (value or "").strip():
                return value
        return None


class Company:
    """The landed rows that a run for `night` with `as_of` sees, arranged for reading."""

    def __init__(
        self, landed: Iterable[Landed], agreement: Agreement, as_of: datetime, night: date
    ) -> None:
        self.agreement = agreement
        self.as_of = as_of
        self.night = night
        self.versions: dict[tuple[str, str], dict[str, list[Version]]] = defaultdict(dict)
        self.waiting: dict[tuple[str, str], list[Version]] = defaultdict(list)
        self._load(landed)
        self.times = TimesOfDay(self, self._user_of)
        self.changes: dict[tuple[str, str, str, str], list[Change]] = defaultdict(list)
        self.waiting_changes: list[Change] = []
        self._owner_history_names = {
            row["history_name"]
            for version in agreement.versions
            for row in version.fields("owner")
            if row["source_system"] == "salesforce"
        }
        self._read_changes()

    def zone(self, source: str) -> ZoneInfo:
        return self.agreement.zones.get(source, ZoneInfo("UTC"))

    def instant(self, source: str, text: str | None) -> datetime | None:
        """The instant that a text tells; none where it stands for no date."""
        if stands_for_no_date(text, self.zone(source)):
            return None
        return parse_instant(text, self.zone(source))

    def _load(self, landed: Iterable[Landed]) -> None:
        first: dict[tuple[str, str, str, datetime, str], Version] = {}
        for item in landed:
            if item.folder_date > self.night:
                continue
            delivered = self._with_owners_read(item)
            if delivered is None or self._is_refused(item):
                continue
            row = clean(item.source, delivered)
            key = row.get(KEY_FIELDS.get((item.source, item.object), "Id"))
            if not key:
                continue
            stamp = None
            for name in STAMP_FIELDS.get((item.source, item.object), ("SystemModstamp",)):
                stamp = stamp or self.instant(item.source, row.get(name))
            if stamp is None and self._has_stand_in_stamp(item):
                for name in CREATION_FIELDS.get((item.source, item.object), ()):
                    stamp = stamp or self.instant(item.source, row.get(name))
                if stamp is None and (item.source, item.object) != ("generic", "users"):
                    continue
            from_folder = stamp is None
            if stamp is None:
                stamp = first_instant_of_day(item.folder_date, ZoneInfo("UTC"))
            canonical = canonical_text(item.source, delivered)
            identity = (item.source, item.object, key, stamp, canonical)
            known = first.get(identity)
            if known is None or item.folder_date < known.first_night:
                first[identity] = Version(key, stamp, from_folder, item.folder_date, canonical, row)
        for (source, name, key, _, _), version in first.items():
            if version.stamp < self.as_of or version.from_folder:
                self.versions[source, name].setdefault(key, []).append(version)
            else:
                self.waiting[source, name].append(version)
        for records in self.versions.values():
            for versions in records.values():
                versions.sort(key=lambda version: version.newness)

    def _has_stand_in_stamp(self, item: Landed) -> bool:
        names = STAMP_FIELDS.get((item.source, item.object), ("SystemModstamp",))
        zone = self.zone(item.source)
        return any(stands_for_no_date(item.row.get(name), zone) for name in names)

    def _is_refused(self, item: Landed) -> bool:
        """Whether a row holds an id that lost its digits, or lacks a date that it needs."""
        ids = OTHER_ID_FIELDS | SALESFORCE_ID_FIELDS
        if any(is_rewritten(value) for name, value in item.row.items() if name in ids):
            return True
        zone = self.zone(item.source)
        return any(
            stands_for_no_date(item.row.get(name), zone)
            for name in REQUIRED_DATES.get((item.source, item.object), ())
        )

    def _with_owners_read(self, item: Landed) -> dict[str, str] | None:
        """The row with the values of a change of owner read as ids; None where they are lost."""
        field, *values = OWNER_CHANGES.get(item.object, ("",))
        names = OWNER_NAMES | {
            row["history_name"]
            for version in self.agreement.versions
            for row in version.fields("owner")
            if row["source_system"] == item.source
        }
        if item.row.get(field) not in names:
            return item.row
        if any(is_rewritten(item.row.get(name)) for name in values):
            return None
        return item.row | {
            name: read_id(item.row[name]) or "" for name in values if item.row.get(name)
        }

    def oldest_stamp(self, source: str, name: str, key: str) -> datetime:
        """The stamp of a record's oldest version."""
        return min(version.stamp for version in self.versions[source, name][key])

    def created_at(
        self, source: str, name: str, key: str, events: Iterable[datetime] = ()
    ) -> datetime | None:
        """When a record was made; one that tells no date, by its oldest stamp or event."""
        row = self.current_row(source, name, key)
        told = row.get(CREATION_FIELDS[source, name][0])
        if not stands_for_no_date(told, self.zone(source)):
            return self.instant(source, told)
        changed = [
            change.occurred_at
            for (of, object_name, record, _), changes in self.changes.items()
            if (of, object_name, record) == (source, name, key)
            for change in changes
        ]
        return min([self.oldest_stamp(source, name, key), *changed, *events])

    def current_row(self, source: str, name: str, key: str) -> Cells:
        """The newest version of one record."""
        return self.versions[source, name][key][-1].row

    def current(self, source: str, name: str) -> dict[str, Cells]:
        """The newest version of every row of an object, by key."""
        return {key: found[-1].row for key, found in self.versions[source, name].items()}

    def record_versions(self, source: str, name: str, key: str) -> list[Version]:
        return self.versions[source, name].get(key, [])

    def is_delivered(self, source: str, name: str) -> bool:
        return bool(self.versions[source, name])

    # -- changes ---------------------------------------------------------------------------

    def _read_changes(self) -> None:
        found: list[Change] = []
        for waiting in (False, True):
            found += self._salesforce_lead_changes(waiting)
            found += self._salesforce_opportunity_changes(waiting)
            found += self._marketo_changes(waiting)
            found += self._generic_changes(waiting)
            found += self._hubspot_changes(waiting)
        for change in found:
            day = self.times.day_of(self._column_of(change), change.occurred_at)
            recorded = ("generic", "lead_events", "recorded_at")
            change.set_days(
                day,
                self.times.day_of(recorded, change.recorded_at)
                if change.source == "generic"
                else day,
            )
            if change.occurred_at >= self.as_of or change.is_waiting:
                # Rows dated at or after as_of wait; only future_or_backdated looks at them.
                self.waiting_changes.append(change)
            else:
                key = (change.source, change.object, change.record_id, change.field_name)
                self.changes[key].append(change)
        for key, changes in self.changes.items():
            self.changes[key] = in_order_of_days(changes, self.stage_rank)

    def _column_of(self, change: Change) -> Column:
        """The column that a change's time stands in."""
        if change.source == "salesforce":
            name = {"Lead": "LeadHistory", "Opportunity": "OpportunityFieldHistory"}[change.object]
            if not self.is_delivered(change.source, name) and change.object == "Opportunity":
                name = "OpportunityHistory"
            return (change.source, name, "CreatedDate")
        if change.source == "hubspot":
            history = next(h for h, (name, _) in HUBSPOT_HISTORIES.items() if name == change.object)
            return (change.source, history, "timestamp")
        if change.source == "marketo":
            return (change.source, "activities", "activityDate")
        return (change.source, "lead_events", "occurred_at")

    def _user_of(self, column: Column, row: Cells) -> str | None:
        """Whose row it is, where no column of it simply names the user."""
        source, name, _ = column
        if source == "marketo" and (row.get("activityTypeId") or "").strip() in ("13", "22"):
            return marketo_attributes(row).get("Modifying User")
        if source == "hubspot" and name in HUBSPOT_HISTORIES:
            by_person = row.get("sourceType") in HUBSPOT_PEOPLE
            return self.hubspot_owner(row.get("updatedByUserId")) if by_person else None
        if source == "hubspot" and name == "deals":
            return self.hubspot_owner(row.get("hs_created_by_user_id"))
        return None

    def _rows(self, source: str, name: str, waiting: bool) -> list[Cells]:
        if waiting:
            return [version.row for version in self.waiting[source, name]]
        return list(self.current(source, name).values())

    def stage_rank(self, change: Change) -> int:
        """The rank of the stage that a change of a status field tells, else 0."""
        version = self.agreement.judging(change.occurred_at)
        for name, history_name in version.status_fields.get(
            (change.source, change.object), {}
        ).items():
            if history_name == change.field_name:
                mapping = version.stage_map.get(
                    (change.source, change.object, name, change.new or "")
                )
                if mapping and mapping.stage:
                    return STAGE_RANK[mapping.stage]
        return 0

    def _salesforce_lead_changes(self, waiting: bool) -> list[Change]:
        result = []
        for row in self._rows("salesforce", "LeadHistory", waiting):
            at = self.instant("salesforce", row.get("CreatedDate"))
            if at is None or not row.get("LeadId") or not row.get("Field"):
                continue
            old, new = row.get("OldValue"), row.get("NewValue")
            name = str(row["Field"])
            if name in self._owner_history_names:
                # Owner changes are written twice, with names and with ids: the ids are read.
                filled = [value for value in (old, new) if value is not None]
                if not filled or not all(_OWNER_ID.match(value) for value in filled):
                    continue
                old, new = expand_salesforce_id(old), expand_salesforce_id(new)
            result.append(
                Change(
                    "salesforce",
                    "Lead",
                    str(row["LeadId"]),
                    name,
                    str(row["Id"]),
                    at,
                    at,
                    old,
                    new,
                    row.get("CreatedById"),
                    is_waiting=waiting,
                )
            )
        return result

    def _salesforce_opportunity_changes(self, waiting: bool) -> list[Change]:
        result = []
        for row in self._rows("salesforce", "OpportunityFieldHistory", waiting):
            at = self.instant("salesforce", row.get("CreatedDate"))
            if at is None or not row.get("OpportunityId") or not row.get("Field"):
                continue
            result.append(
                Change(
                    "salesforce",
                    "Opportunity",
                    str(row["OpportunityId"]),
                    str(row["Field"]),
                    str(row["Id"]),
                    at,
                    at,
                    row.get("OldValue"),
                    row.get("NewValue"),
                    row.get("CreatedById"),
                    is_waiting=waiting,
                )
            )
        if self.is_delivered("salesforce", "OpportunityFieldHistory"):
            return result
        return [] if waiting else self._stages_set()

    def _stages_set(self) -> list[Change]:
        """OpportunityHistory has a row per stage set: it serves where field history is missing.

        A row that repeats the stage of the one before it (a change of the amount or the close
        date) is no change of stage. The first row is the stage at creation.
        """
        by_opportunity: dict[str, list[tuple[datetime, str, Cells]]] = defaultdict(list)
        for row in self.current("salesforce", "OpportunityHistory").values():
            at = self.instant("salesforce", row.get("CreatedDate"))
            if at is not None and row.get("OpportunityId"):
                by_opportunity[str(row["OpportunityId"])].append((at, str(row["Id"]), row))
        result = []
        for opportunity_id, rows in by_opportunity.items():
            previous: str | None = None
            for at, event_id, row in sorted(rows, key=lambda item: item[:2]):
                stage = row.get("StageName")
                if stage != previous:
                    result.append(
                        Change(
                            "salesforce",
                            "Opportunity",
                            opportunity_id,
                            "StageName",
                            event_id,
                            at,
                            at,
                            previous,
                            stage,
                            row.get("CreatedById"),
                        )
                    )
                previous = stage
        return result

    def _marketo_changes(self, waiting: bool) -> list[Change]:
        result = []
        for row in self._rows("marketo", "activities", waiting):
            if (row.get("activityTypeId") or "").strip() not in ("13", "22"):
                continue
            at = self.instant("marketo", row.get("activityDate"))
            name, lead = row.get("primaryAttributeValue"), row.get("leadId")
            if at is None or not name or not lead:
                continue
            attributes = marketo_attributes(row)
            campaign = row.get("campaignId")
            result.append(
                Change(
                    "marketo",
                    "leads",
                    lead.strip(),
                    name,
                    str(row["marketoGUID"]),
                    at,
                    at,
                    attributes.get("Old Value"),
                    attributes.get("New Value"),
                    attributes.get("Modifying User"),
                    attributes.get("Reason"),
                    None if campaign in (None, "0") else campaign,
                    is_waiting=waiting,
                )
            )
        return result

    def _generic_changes(self, waiting: bool) -> list[Change]:
        result = []
        for row in self._rows("generic", "lead_events", waiting):
            at = self.instant("generic", row.get("occurred_at"))
            if at is None or not row.get("lead_id") or not row.get("field"):
                continue
            result.append(
                Change(
                    "generic",
                    "leads",
                    str(row["lead_id"]).strip(),
                    str(row["field"]),
                    str(row["event_id"]),
                    at,
                    self.instant("generic", row.get("recorded_at")),
                    row.get("old_value"),
                    row.get("new_value"),
                    row.get("actor_id"),
                    row.get("reason"),
                    is_waiting=waiting,
                )
            )
        return result

    def _hubspot_changes(self, waiting: bool) -> list[Change]:
        """HubSpot tells no former value: it is that of the entry before, by time, then by id."""
        result = []
        for history, (name, record) in HUBSPOT_HISTORIES.items():
            entries = []
            for row in self._rows("hubspot", history, waiting):
                at = self.instant("hubspot", row.get("timestamp"))
                if at is not None and row.get(record) and row.get("property"):
                    entries.append((at, str(row["id"]), row))
            before: dict[tuple[str, str], str | None] = {}
            for at, change_id, row in sorted(entries, key=lambda entry: entry[:2]):
                of = (str(row[record]), str(row["property"]))
                tool, by_person = row.get("sourceType"), row.get("sourceType") in HUBSPOT_PEOPLE
                result.append(
                    Change(
                        "hubspot",
                        name,
                        *of,
                        change_id,
                        at,
                        at,
                        before.get(of),
                        row.get("value"),
                        self.hubspot_owner(row.get("updatedByUserId")) if by_person else None,
                        tool,
                        (row.get("sourceLabel") or tool) if tool in HUBSPOT_MACHINES else None,
                        is_waiting=waiting,
                    )
                )
                before[of] = row.get("value")
        return result

    def hubspot_owner(self, user: str | None) -> str | None:
        """The owner who is this user, by the smallest id of several; else the user itself."""
        if user is None:
            return None
        owners = [
            key
            for key, versions in self.versions["hubspot", "owners"].items()
            if any(version.row.get("userId") == user for version in versions)
        ]
        return min(owners, default=f"user:{user}")

    # -- reading ---------------------------------------------------------------------------

    def timeline(
        self, source: str, name: str, record_id: str, field_name: str, history_name: str
    ) -> Timeline:
        return Timeline(
            self.changes.get((source, name, record_id, history_name), []),
            self.record_versions(source, name, record_id),
            field_name,
        )

    def times_of_record(self, source: str, record_id: str) -> list[datetime]:
        """When a lead's record changed, as its history and its versions tell."""
        changes = [
            change.occurred_at
            for (system, name, key, _), found in self.changes.items()
            if (system, key) == (source, record_id) and name == LEAD_OBJECTS[source]
            for change in found
        ]
        versions = self.record_versions(source, LEAD_OBJECTS[source], record_id)
        return [*changes, *(version.stamp for version in versions)]

    def is_known_user(self, source: str, user_id: str) -> bool:
        """Known: any version of the user was delivered, or some version's roster lists it."""
        name = USER_OBJECTS.get(source)
        if name and user_id in self.versions[source, name]:
            return True
        return any((source, user_id) in version.roster for version in self.agreement.versions)

    def actor_type(
        self,
        source: str,
        user_id: str | None,
        at: datetime,
        reason: str | None = None,
        campaign_id: str | None = None,
    ) -> str:
        """human, automation or unknown.

        A change without a user that a smart campaign made is by an automation; a user on the
        automation list in force is one whatever its type; any other known user is human.
        """
        if user_id is None:
            made_by_campaign = campaign_id is not None or names_a_campaign(reason)
            return "automation" if made_by_campaign else "unknown"
        if (source, user_id) in self.agreement.judging(at).automation_users:
            return "automation"
        return "human" if self.is_known_user(source, user_id) else "unknown"

    def is_flagged(self, row: Cells, name: str) -> bool:
        return parse_boolean(row.get(name))


def marketo_attributes(row: Cells) -> dict[str, str | None]:
    """The attributes of an activity; blank and the literal null are null."""
    text = row.get("attributes")
    if not text:
        return {}
    try:
        parsed: Any = json.loads(text)
    except ValueError:
        return {}
    if isinstance(parsed, str):
        parsed = json.loads(parsed) if parsed.strip() else {}
    if isinstance(parsed, list):
        parsed = {item.get("name"): item.get("value") for item in parsed}
    result: dict[str, str | None] = {}
    for name, value in (parsed or {}).items():
        if value is None or value in ("", "null"):
            result[name] = None
        elif isinstance(value, bool):
            result[name] = "true" if value else "false"
        elif isinstance(value, (list, dict)):
            result[name] = json.dumps(value)
        else:
            result[name] = str(value)
    return result
