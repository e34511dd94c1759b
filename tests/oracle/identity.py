"""One lead out of the records of several systems: links, merges, deletions."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime

from tests.oracle.agreement import Agreement
from tests.oracle.company import LEAD_OBJECTS, Cells, Company, Timeline, marketo_attributes
from tests.oracle.values import expand_salesforce_id, iso_microseconds, md5, parse_boolean

CREATED_FIELDS = {"salesforce": "CreatedDate", "marketo": "createdAt", "generic": "created_at"}
CREATED_FIELDS |= {"hubspot": "createdate"}
DELETED_FIELDS = {"salesforce": "IsDeleted", "generic": "is_deleted", "hubspot": "archived"}
RecordKey = tuple[str, str]


@dataclass
class Record:
    """One source record of a lead."""

    source: str
    record_id: str
    created_at: datetime | None
    is_deleted: bool
    is_merged_away: bool
    row: Cells

    @property
    def key(self) -> RecordKey:
        return (self.source, self.record_id)

    @property
    def is_live(self) -> bool:
        return not self.is_deleted and not self.is_merged_away


@dataclass
class Lead:
    """A person that was handed over, with every source record, merged losers included."""

    lead_id: str
    records: list[Record]
    survivors: dict[str, Record] = field(default_factory=dict)

    @property
    def created_at(self) -> datetime | None:
        return min((r.created_at for r in self.records if r.created_at), default=None)

    @property
    def is_deleted(self) -> bool:
        """Choice: a lead is deleted when none of its systems holds a live record of it."""
        return not any(record.is_live for record in self.records)

    @property
    def merged_count(self) -> int:
        return sum(record.is_merged_away for record in self.records)

    def survivor_id(self, source: str) -> str | None:
        record = self.survivors.get(source)
        return record.record_id if record else None


class Identity:
    """All leads, and the way from a source record, a contact or an opportunity to its lead."""

    def __init__(self, company: Company) -> None:
        self.company = company
        self.agreement: Agreement = company.agreement
        self.records: dict[RecordKey, Record] = {}
        self._merged_into: dict[RecordKey, set[RecordKey]] = defaultdict(set)
        self._parent: dict[RecordKey, RecordKey] = {}
        self._read_records()
        self._read_merges()
        self._join()
        self.leads: list[Lead] = []
        self.lead_of: dict[RecordKey, Lead] = {}
        self._build_leads()
        self.lead_of_contact = self._contacts()

    def _read_records(self) -> None:
        deleted_in_marketo = {
            (row.get("leadId") or "").strip()
            for row in self.company.current("marketo", "activities").values()
            if (row.get("activityTypeId") or "").strip() == "37"
        }
        for source, name in LEAD_OBJECTS.items():
            for key, row in self.company.current(source, name).items():
                if source == "marketo":
                    is_deleted = key in deleted_in_marketo
                else:
                    is_deleted = parse_boolean(row.get(DELETED_FIELDS[source]))
                created_at = self.company.created_at(source, name, key)
                self.records[source, key] = Record(source, key, created_at, is_deleted, False, row)

    def _merge(self, loser: RecordKey, survivor: RecordKey) -> None:
        # Two losers of one survivor are one person, also where the survivor was never delivered.
        if loser != survivor:
            self._merged_into[loser].add(survivor)

    def _read_merges(self) -> None:
        for (source, key), record in self.records.items():
            if source == "salesforce" and record.row.get("MasterRecordId"):
                self._merge((source, key), (source, str(record.row["MasterRecordId"])))
            if source == "generic" and record.row.get("merged_into"):
                self._merge((source, key), (source, str(record.row["merged_into"])))
        for row in self.company.current("marketo", "activities").values():
            if (row.get("activityTypeId") or "").strip() == "32" and row.get("leadId"):
                losers = marketo_attributes(row).get("Merge IDs") or ""
                for loser in re.findall(r"\d+", losers):
                    self._merge(("marketo", loser), ("marketo", str(row["leadId"]).strip()))
        for key, versions in self.company.versions["hubspot", "contacts"].items():
            for version in versions:
                for loser in re.findall(r"\d+", version.row.get("hs_merged_object_ids") or ""):
                    self._merge(("hubspot", loser), ("hubspot", key))
        for loser in self._merged_into:
            if loser in self.records:
                self.records[loser].is_merged_away = True

    def _find(self, key: RecordKey) -> RecordKey:
        while self._parent.get(key, key) != key:
            key = self._parent[key]
        return key

    def _unite(self, one: RecordKey, other: RecordKey) -> None:
        self._parent[self._find(one)] = self._find(other)

    def _join(self) -> None:
        leads_by_contact: dict[str, list[RecordKey]] = defaultdict(list)
        for key, record in self.records.items():
            contact = record.row.get("ConvertedContactId")
            if key[0] == "salesforce" and contact:
                leads_by_contact[contact].append(key)
        for loser, survivors in self._merged_into.items():
            for survivor in survivors:
                self._unite(loser, survivor)
        for key, record in self.records.items():
            row = record.row
            if key[0] == "marketo":
                if row.get("sfdcLeadId"):
                    self._unite(key, ("salesforce", str(row["sfdcLeadId"])))
                for lead in leads_by_contact.get(row.get("sfdcContactId") or "", []):
                    self._unite(key, lead)
            if key[0] == "hubspot":
                if row.get("salesforceleadid"):
                    self._unite(key, ("salesforce", str(row["salesforceleadid"])))
                for lead in leads_by_contact.get(row.get("salesforcecontactid") or "", []):
                    self._unite(key, lead)
            if key[0] == "generic" and row.get("other_system") and row.get("other_system_id"):
                other = str(row["other_system"]).lower()
                other_id = str(row["other_system_id"])
                if other == "salesforce":
                    other_id = expand_salesforce_id(other_id) or ""
                self._unite(key, (other, other_id))

    def _build_leads(self) -> None:
        groups: dict[RecordKey, list[Record]] = defaultdict(list)
        for key, record in self.records.items():
            groups[self._find(key)].append(record)
        for records in groups.values():
            records.sort(key=lambda record: record.key)
            dated = [record for record in records if record.created_at is not None]
            if not dated:
                continue
            first = min(dated, key=lambda r: (r.created_at, r.source, r.record_id))
            assert first.created_at is not None
            lead = Lead(
                md5(iso_microseconds(first.created_at), first.source, first.record_id), records
            )
            for source in LEAD_OBJECTS:
                own = [record for record in records if record.source == source]
                if own:
                    lead.survivors[source] = self._survivor(own)
            self.leads.append(lead)
            for record in records:
                self.lead_of[record.key] = lead
        self.leads.sort(key=lambda lead: lead.lead_id)

    @staticmethod
    def _survivor(records: list[Record]) -> Record:
        """The live record, the smallest id (as text) of several; without a live one, the one
        that was not merged away; in a ring of merges the smallest id of all."""
        for candidates in (
            [record for record in records if record.is_live],
            [record for record in records if not record.is_merged_away],
            records,
        ):
            if candidates:
                return min(candidates, key=lambda record: record.record_id)
        raise AssertionError("a lead has at least one record here")

    def _contacts(self) -> dict[str, Lead]:
        """Contact -> lead; of several leads converted to one contact, the smallest lead id."""
        result: dict[str, Lead] = {}
        for key in sorted(self.lead_of):
            contact = self.records[key].row.get("ConvertedContactId")
            if key[0] == "salesforce" and contact:
                result.setdefault(contact, self.lead_of[key])
        return result

    # -- fields of a lead ------------------------------------------------------------------

    def timeline(
        self, lead: Lead, source: str, field_name: str, history_name: str
    ) -> Timeline | None:
        """A field through time, read from the lead's surviving record of a system."""
        record_id = lead.survivor_id(source)
        if record_id is None:
            return None
        return self.company.timeline(
            source, LEAD_OBJECTS[source], record_id, field_name, history_name
        )

    def role_timeline(self, lead: Lead, role: str, side: str, at: datetime) -> Timeline | None:
        """The field that plays a role, in the first system of a side that holds the lead."""
        rows = {row["source_system"]: row for row in self.agreement.judging(at).fields(role)}
        for source in self.agreement.sources_by_role(side):
            if source in rows and source in lead.survivors:
                row = rows[source]
                return self.timeline(lead, source, row["field"], row["history_name"])
        return None

    def owner_source(self, lead: Lead, at: datetime) -> str | None:
        """The SFA system whose owner field speaks for the lead."""
        named = {row["source_system"] for row in self.agreement.judging(at).fields("owner")}
        for source in self.agreement.sources_by_role("sfa"):
            if source in named and source in lead.survivors:
                return source
        return None

    def owner_timeline(self, lead: Lead, at: datetime) -> Timeline | None:
        return self.role_timeline(lead, "owner", "sfa", at)

    def owner_at(self, lead: Lead, at: datetime) -> str | None:
        timeline = self.owner_timeline(lead, at)
        if timeline is None:
            return None
        return expand_salesforce_id(timeline.value_at(at))
