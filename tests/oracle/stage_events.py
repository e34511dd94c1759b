"""Every stage event of every lead: status changes, creations with a status, opportunities."""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import dataclass
from dataclasses import field as dataclass_field
from datetime import datetime
from decimal import Decimal

from tests.oracle.agreement import CLOSED_STAGES, STAGE_RANK, Mapping
from tests.oracle.company import Cells, Change, Company, Version
from tests.oracle.identity import CREATED_FIELDS, LEAD_OBJECTS, Identity, Lead, Record
from tests.oracle.times_of_day import Day
from tests.oracle.values import iso_second, md5, parse_boolean, parse_number, second_of

OPPORTUNITY_OBJECTS = {
    "salesforce": "Opportunity",
    "generic": "opportunities",
    "hubspot": "deals",
}
_CLOSED_FIELDS = {"salesforce": "CloseDate", "generic": "closed_at", "hubspot": "closedate"}
_STAGE_FIELDS = {"salesforce": "StageName", "hubspot": "dealstage"}
OPPORTUNITY_FIELDS = {
    "salesforce": ("CreatedDate", "Amount", "CurrencyIsoCode", "CampaignId", "IsClosed", "IsWon"),
    "generic": ("created_at", "amount", "currency", "campaign_id", "is_closed", "is_won"),
    "hubspot": (
        "createdate",
        "amount",
        "deal_currency_code",
        "",
        "hs_is_closed",
        "hs_is_closed_won",
    ),
}
"""When it was created, amount, currency, campaign, whether it is closed, whether won."""
OPPORTUNITY_CREATED = {source: fields[0] for source, fields in OPPORTUNITY_FIELDS.items()}


def event_id(source: str, name: str, source_event_id: str) -> str:
    """The id of an event: of another object than the lead's own, the object is part of it."""
    if name == LEAD_OBJECTS[source]:
        return md5(source, source_event_id)
    return md5(source, name, source_event_id)


@dataclass
class StageEvent:
    """One thing that told a stage. `place` is its position among the changes of its field."""

    event_id: str
    lead: Lead
    source: str
    source_event_id: str
    stage: str
    occurred_at: datetime
    recorded_at: datetime | None
    actor_id: str | None
    actor_type: str
    reason: str | None
    raw_value: str | None
    is_authority: bool
    record: tuple[str, str, str]
    place: int
    is_creation: bool = False
    opportunity_id: str | None = None
    campaign_id: str | None = None
    is_repeat: bool = False
    field: str | None = None
    day: Day | None = None
    recorded_day: Day | None = None
    told_at: datetime = dataclass_field(init=False)
    earliest_at: datetime = dataclass_field(init=False)
    latest_at: datetime = dataclass_field(init=False)

    def __post_init__(self) -> None:
        self.told_at = self.earliest_at = self.latest_at = self.occurred_at
        if self.day is not None:
            self.earliest_at, self.latest_at = self.day.start, self.day.last

    def is_told_by(self, change: Change) -> None:
        """Take over what the order of its field's changes says of an event's time."""
        self.told_at, self.recorded_day = change.told_at, change.recorded_day
        self.earliest_at, self.latest_at = change.earliest_at, change.latest_at

    @property
    def rank(self) -> int:
        return STAGE_RANK[self.stage]

    @property
    def second(self) -> datetime:
        return second_of(self.occurred_at)

    @property
    def head_key(self) -> tuple[int, bool, str, str]:
        """What decides between records at one instant; a status change precedes an opportunity."""
        return (
            self.rank,
            self.opportunity_id is not None,
            self.source,
            self.source_event_id,
        )


@dataclass
class Opportunity:
    """An opportunity of a lead; amount is that of the newest version."""

    source: str
    opportunity_id: str
    lead: Lead
    created_at: datetime
    amount: Decimal | None
    currency: str | None
    campaign_id: str | None
    row: Cells


@dataclass(frozen=True)
class Unmapped:
    """A status value that the stage map does not know, with the time it was first met."""

    source: str
    object: str
    field: str
    value: str


class StageEvents:
    """All stage events, by lead; the opportunities; the values without a mapping."""

    def __init__(self, company: Company, identity: Identity) -> None:
        self.company = company
        self.identity = identity
        self.agreement = company.agreement
        self.events: dict[str, list[StageEvent]] = defaultdict(list)
        self.opportunities: dict[str, list[Opportunity]] = defaultdict(list)
        self.unmapped: dict[Unmapped, datetime] = {}
        self._lead_events()
        self._opportunity_events()

    # -- mapping ---------------------------------------------------------------------------

    def _map(
        self, source: str, name: str, field: str, value: str | None, at: datetime
    ) -> Mapping | None:
        """The mapping of a value that tells a stage; an unknown value is noted, none is dropped."""
        mapping = self._named(source, name, field, value, at)
        return mapping if mapping and mapping.stage else None

    def _named(
        self, source: str, name: str, field: str, value: str | None, at: datetime
    ) -> Mapping | None:
        """The map's line of a value, also one that tells no stage; an unknown value is noted."""
        if value is None:
            return None
        mapping = self.agreement.judging(at).stage_map.get((source, name, field, value))
        if mapping is None:
            key = Unmapped(source, name, field, value)
            self.unmapped[key] = min(at, self.unmapped.get(key, at))
        return mapping

    def _status_fields(self, source: str, name: str) -> list[tuple[str, str]]:
        """(field, history name) of the object's status fields in any version."""
        found = set()
        for version in self.agreement.versions:
            for field, history_name in version.status_fields.get((source, name), {}).items():
                found.add((field, history_name))
        return sorted(found)

    def _day(self, source: str, name: str, field: str, at: datetime) -> Day | None:
        """The day that a time of a record tells, where it tells no more."""
        return self.company.times.day_of((source, name, field), at)

    # -- leads -----------------------------------------------------------------------------

    def _lead_events(self) -> None:
        for lead in self.identity.leads:
            for record in lead.records:
                name = LEAD_OBJECTS[record.source]
                for field, history_name in self._status_fields(record.source, name):
                    key = (record.source, name, record.record_id, history_name)
                    changes = self.company.changes.get(key, [])
                    self._creation(lead, record, name, (field, history_name), changes)
                    for place, change in enumerate(changes, start=1):
                        self._status_change(lead, record, field, change, place)

    def _creation(
        self,
        lead: Lead,
        record: Record,
        name: str,
        status_field: tuple[str, str],
        changes: list[Change],
    ) -> None:
        """The status at creation: the old value of the first change, else the current status.

        A first change from blank means that there was none. Of an object with several status fields
        the creations of all but the first, by the name in its history, are told apart by that name.
        """
        field, history_name = status_field
        value = changes[0].old if changes else record.row.get(field)
        at = record.created_at
        if at is None or at >= self.company.as_of:
            return
        mapping = self._map(record.source, name, field, value, at)
        if mapping is None or mapping.stage is None:
            return
        day = self._day(record.source, name, CREATED_FIELDS[record.source], at)
        actor_field = "CreatedById" if record.source == "salesforce" else "created_by"
        actor_id = record.row.get(actor_field)
        source_event_id = f"{name}:{record.record_id}:created"
        if history_name != min(other for _, other in self._status_fields(record.source, name)):
            source_event_id += f":{history_name}"
        self.events[lead.lead_id].append(
            StageEvent(
                event_id(record.source, name, source_event_id),
                lead,
                record.source,
                source_event_id,
                mapping.stage,
                at,
                at,
                actor_id,
                self.company.actor_type(record.source, actor_id, at),
                None,
                value,
                mapping.is_authority,
                (record.source, name, record.record_id),
                0,
                is_creation=True,
                field=history_name,
                day=day,
                recorded_day=day,
            )
        )

    def _status_change(
        self, lead: Lead, record: Record, field: str, change: Change, place: int
    ) -> None:
        at = change.told_at
        mapping = self._map(change.source, change.object, field, change.new, at)
        if mapping is None or mapping.stage is None:
            return
        event = StageEvent(
            event_id(change.source, change.object, change.event_id),
            lead,
            change.source,
            change.event_id,
            mapping.stage,
            change.occurred_at,
            change.recorded_at,
            change.actor_id,
            self.company.actor_type(
                change.source, change.actor_id, at, change.reason, change.campaign_id
            ),
            change.reason,
            change.new,
            mapping.is_authority,
            (change.source, change.object, record.record_id),
            place,
            campaign_id=change.campaign_id,
            field=change.field_name,
            day=change.day,
        )
        event.is_told_by(change)
        self.events[lead.lead_id].append(event)

    # -- opportunities ---------------------------------------------------------------------

    def _opportunity_events(self) -> None:
        for source, name in OPPORTUNITY_OBJECTS.items():
            for key, row in self.company.current(source, name).items():
                lead = self._lead_of_opportunity(source, key, row)
                closed = self._closed_moments(source, name, key)
                created = self.company.created_at(source, name, key, closed)
                if lead is None or created is None:
                    continue
                closings = self._closings(source, name, key, created)
                for place, closing in enumerate(closings, start=1):
                    self._closing_event(lead, source, name, key, closing, place)
                if created >= self.company.as_of:
                    continue
                self._note_opportunity(lead, source, key, created, row)
                # Created at or after its closing it tells no sql: the deal was never open. Of a
                # day without a time it may have been earlier, or later.
                day = self._day(source, name, OPPORTUNITY_FIELDS[source][0], created)
                earliest = day.start if day else second_of(created)
                if all(earliest < second_of(closing.latest_at) for closing in closings):
                    self._created_event(lead, source, name, key, created, row)

    def _note_opportunity(
        self, lead: Lead, source: str, key: str, created: datetime, row: Cells
    ) -> None:
        _, amount, currency, campaign, *_ = OPPORTUNITY_FIELDS[source]
        self.opportunities[lead.lead_id].append(
            Opportunity(
                source,
                key,
                lead,
                created,
                parse_number(row.get(amount)),
                row.get(currency),
                row.get(campaign),
                row,
            )
        )

    def _lead_of_opportunity(self, source: str, key: str, row: Cells) -> Lead | None:
        """The lead that was converted into it, else the lead of its contact role.

        Choices: of several converted leads the smallest id; a primary role before another, then
        the oldest role, then the smallest id; deleted roles count for nothing.
        """
        if source == "generic":
            return self.identity.lead_of.get((source, row.get("lead_id") or ""))
        if source == "hubspot":
            return self._lead_of_deal(row)
        if not hasattr(self, "_lead_by_conversion"):
            self._index_conversions()
        return self._lead_by_conversion.get(key) or self._lead_by_role.get(key)

    def _lead_of_deal(self, row: Cells) -> Lead | None:
        """HubSpot names a deal's contacts and not which was first: the one created first has it."""
        keys = [("hubspot", contact) for contact in json.loads(row.get("contact_ids") or "[]")]
        known = [self.identity.records[key] for key in keys if key in self.identity.lead_of]
        first = min(known, key=lambda record: (record.created_at, record.record_id), default=None)
        return self.identity.lead_of[first.key] if first else None

    def _index_conversions(self) -> None:
        self._lead_by_conversion: dict[str, Lead] = {}
        self._lead_by_role: dict[str, Lead] = {}
        for record_key in sorted(self.identity.lead_of):
            opportunity = self.identity.records[record_key].row.get("ConvertedOpportunityId")
            if record_key[0] == "salesforce" and opportunity:
                self._lead_by_conversion.setdefault(opportunity, self.identity.lead_of[record_key])
        roles = []
        for role_id, row in self.company.current("salesforce", "OpportunityContactRole").items():
            lead = self.identity.lead_of_contact.get(row.get("ContactId") or "")
            if lead is None or parse_boolean(row.get("IsDeleted")):
                continue
            created = self.company.instant("salesforce", row.get("CreatedDate"))
            roles.append(
                (
                    not parse_boolean(row.get("IsPrimary")),
                    created is None,
                    created.isoformat() if created else "",
                    role_id,
                    row.get("OpportunityId"),
                    lead,
                )
            )
        for *_, opportunity, lead in sorted(roles, key=lambda role: role[:4]):
            if opportunity:
                self._lead_by_role.setdefault(opportunity, lead)

    def _closed_moments(self, source: str, name: str, key: str) -> list[datetime]:
        """When the versions of an opportunity say that it was closed."""
        closed_flag = OPPORTUNITY_FIELDS[source][4]
        fields = ("LastStageChangeDate", "CloseDate", "closedate", "closed_at")
        found = []
        for version in self.company.record_versions(source, name, key):
            if parse_boolean(version.row.get(closed_flag)):
                moments = (self.company.instant(source, version.row.get(each)) for each in fields)
                found += [moment for moment in moments if moment is not None][:1]
        return found

    def _closings(self, source: str, name: str, key: str, created: datetime) -> list[_Closing]:
        """The opportunity's changes into won or lost, in order; they wait for as_of."""
        versions = self.company.record_versions(source, name, key)
        closings: list[_Closing] = []
        if source in _STAGE_FIELDS:
            # The versions are read in any case: a stage that they alone tell may be unmapped.
            from_versions = self._closings_from_versions(source, versions)
            closings = self._closings_from_changes(source, key, created) or from_versions
        else:
            closings = self._closings_from_generic_versions(versions)
        return [closing for closing in closings if closing.occurred_at < self.company.as_of]

    def _closings_from_changes(self, source: str, key: str, created: datetime) -> list[_Closing]:
        result = []
        name = OPPORTUNITY_OBJECTS[source]
        for field, history_name in self._status_fields(source, name):
            changes = self.company.changes.get((source, name, key, history_name), [])
            if changes:
                # The stage at creation is told by the creation; it is looked up only so that an
                # unknown value is noted.
                self._map(source, name, field, changes[0].old, created)
            for change in changes:
                mapping = self._map(source, name, field, change.new, change.told_at)
                if mapping and mapping.stage in CLOSED_STAGES:
                    result.append(
                        _Closing(
                            change.event_id,
                            mapping.stage,
                            change.occurred_at,
                            change.actor_id,
                            change.new,
                            mapping.is_authority,
                            change.day,
                            change,
                        )
                    )
        return result

    def _closings_from_versions(self, source: str, versions: list[Version]) -> list[_Closing]:
        """Closings of an opportunity whose history tells none: each landed closed version's.

        The closing's time is LastStageChangeDate, else CloseDate; the stage is the stage map's,
        else what IsWon says; a value mapped to `none` makes no event in this way either.
        """
        found: dict[str, _Closing | None] = {}
        name, stage_field = OPPORTUNITY_OBJECTS[source], _STAGE_FIELDS[source]
        *_, is_closed, is_won = OPPORTUNITY_FIELDS[source]
        for version in versions:
            row = version.row
            at = self.company.instant(source, row.get("LastStageChangeDate"))
            at = at or self.company.instant(source, row.get("CloseDate") or row.get("closedate"))
            value = row.get(stage_field)
            moment = at or version.stamp
            mapping = self._named(source, name, stage_field, value, moment)
            if not parse_boolean(row.get(is_closed)) or at is None:
                continue
            flagged = "won" if parse_boolean(row.get(is_won)) else "lost"
            source_event_id = f"{name}:{version.key}:closed:{iso_second(at)}"
            day = self._day(source, name, _CLOSED_FIELDS[source], at)
            found[source_event_id] = _closing(
                source_event_id, mapping, flagged, at, None, value, day
            )
        return _told(found)

    def _closings_from_generic_versions(self, versions: list[Version]) -> list[_Closing]:
        """A stage that the map names is read by it, one that it does not name by the flags."""
        found: dict[str, _Closing | None] = {}
        for version in versions:
            row = version.row
            at = self.company.instant("generic", row.get("closed_at"))
            if at is None:
                continue
            value = row.get("stage")
            key = ("generic", "opportunities", "stage", value or "")
            mapping = self.agreement.judging(at).stage_map.get(key)
            is_named_closed = mapping is not None and mapping.stage in CLOSED_STAGES
            if not parse_boolean(row.get("is_closed")) and not is_named_closed:
                continue
            flagged = "won" if parse_boolean(row.get("is_won")) else "lost"
            source_event_id = f"opportunities:{version.key}:closed:{iso_second(at)}"
            actor = row.get("closed_by")
            # Versions come oldest first: of two that tell the same closing the newest speaks.
            day = self._day("generic", "opportunities", _CLOSED_FIELDS["generic"], at)
            found[source_event_id] = _closing(
                source_event_id, mapping, flagged, at, actor, value, day
            )
        return _told(found)

    def _closing_event(
        self, lead: Lead, source: str, name: str, key: str, closing: _Closing, place: int
    ) -> None:
        at = closing.occurred_at
        told_at = closing.change.told_at if closing.change else at
        event = StageEvent(
            event_id(source, name, closing.source_event_id),
            lead,
            source,
            closing.source_event_id,
            closing.stage,
            at,
            told_at,
            closing.actor_id,
            self.company.actor_type(source, closing.actor_id, told_at),
            None,
            closing.raw_value,
            closing.is_authority,
            (source, name, key),
            place,
            opportunity_id=key,
            day=closing.day,
            recorded_day=closing.day,
        )
        if closing.change is not None:
            event.is_told_by(closing.change)
        self.events[lead.lead_id].append(event)

    def _created_event(
        self, lead: Lead, source: str, name: str, key: str, created: datetime, row: Cells
    ) -> None:
        """An opportunity's creation is sql; it has no status value of its own.

        Choice: the source speaks with authority where it plays the SFA side.
        """
        actor_id = row.get("CreatedById" if source == "salesforce" else "created_by")
        if source == "hubspot":
            actor_id = self.company.hubspot_owner(row.get("hs_created_by_user_id"))
        day = self._day(source, name, OPPORTUNITY_FIELDS[source][0], created)
        source_event_id = f"{name}:{key}:created"
        self.events[lead.lead_id].append(
            StageEvent(
                event_id(source, name, source_event_id),
                lead,
                source,
                source_event_id,
                "sql",
                created,
                created,
                actor_id,
                self.company.actor_type(source, actor_id, created),
                None,
                None,
                self.agreement.roles.get(source) in ("sfa", "both"),
                (source, name, key),
                0,
                opportunity_id=key,
                day=day,
                recorded_day=day,
            )
        )


@dataclass(frozen=True)
class _Closing:
    source_event_id: str
    stage: str
    occurred_at: datetime
    actor_id: str | None
    raw_value: str | None
    is_authority: bool
    day: Day | None
    change: Change | None = None

    @property
    def latest_at(self) -> datetime:
        if self.change is not None:
            return self.change.latest_at
        return self.day.last if self.day else self.occurred_at


def _closing(
    source_event_id: str,
    mapping: Mapping | None,
    flagged: str,
    at: datetime,
    actor_id: str | None,
    value: str | None,
    day: Day | None,
) -> _Closing | None:
    """What the map says of the value, else what the record's flags say.

    None where the map says that the value tells nothing, or that it is an open stage.
    """
    if mapping is None:
        return _Closing(source_event_id, flagged, at, actor_id, value, True, day)
    if mapping.stage not in CLOSED_STAGES:
        return None
    stage, is_authority = mapping.stage, mapping.is_authority
    return _Closing(source_event_id, stage, at, actor_id, value, is_authority, day)


def _told(found: dict[str, _Closing | None]) -> list[_Closing]:
    told = [closing for closing in found.values() if closing is not None]
    return sorted(
        told, key=lambda c: (second_of(c.occurred_at), STAGE_RANK[c.stage], c.source_event_id)
    )
