"""One night of one HubSpot object: ids by search, records and their histories by batch read.

A search stops at its 10,000th result. It is therefore never paged: each question asks for the first
records whose id is greater than the last one's, so that the window is cut by id, however large it
is. A record that changes meanwhile leaves the window and moves no other one out of its place.
"""

from __future__ import annotations

import hashlib
import json
from abc import ABC, abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

from lead_handoff.catalogue import CATALOGUE, ObjectSpec
from lead_handoff.extracts.errors import ExtractError
from lead_handoff.extracts.http import Transient
from lead_handoff.extracts.hubspot_session import API, Session
from lead_handoff.extracts.night_folder import Window
from lead_handoff.extracts.pulling import (
    Pace,
    Page,
    Part,
    Progress,
    missing,
    pull_named,
    write_lines,
)
from lead_handoff.extracts.purging import Kept
from lead_handoff.extracts.session import opened

# The index that searches ask lags behind what was written.
PACE = Pace(lag=timedelta(minutes=10), page_rows=200)

BATCH = 100
BATCH_WITH_HISTORY = 50
OWNERS = 500
ARCHIVED = "archived"
OF_RECORD = ("id", "createdAt", "updatedAt", "archived", "archivedAt")
"""What a record says of itself beside its properties."""
CONTACTS = "contact_ids"
HISTORIES = {
    "contact_property_history": ("contacts", "contactId"),
    "deal_property_history": ("deals", "dealId"),
}
"""Object -> the object whose histories it holds, and the column that names the record."""
KEPT = {
    "contacts": ("lifecyclestage", "hs_lead_status", "hubspot_owner_id", "hubspotscore"),
    "deals": ("dealstage", "hubspot_owner_id", "amount"),
}
"""Properties whose history is read, beside those that the connection names."""


session = partial(opened, Session)
"""A session that ends with the block."""


def objects() -> list[str]:
    """The objects that are pulled, by HubSpot's own names."""
    return list(CATALOGUE["hubspot"])


def reader_of(
    hubspot: Session, name: str, pace: Pace | None = None
) -> RecordReader | HistoryReader | OwnerReader:
    """The reader of an object."""
    spec, pace = CATALOGUE["hubspot"][name], pace or PACE
    if name == "owners":
        return OwnerReader(hubspot, spec, pace)
    return (HistoryReader if name in HISTORIES else RecordReader)(hubspot, spec, pace)


pull = partial(pull_named, reader_of)
"""Pulls one object by its name."""


@dataclass(frozen=True)
class Reader:
    """What all objects have in common."""

    hubspot: Session = field(repr=False)
    spec: ObjectSpec
    pace: Pace

    source: ClassVar[str] = "hubspot"
    kept: ClassVar[tuple[Kept, ...]] = ()

    @property
    def object(self) -> str:
        """Its name."""
        return self.spec.name

    def begins(self) -> datetime | None:
        """A first pull reads whatever there is."""
        return None

    def keep(
        self, rows: Iterable[dict[str, Any]], part: Part, progress: Progress, folder: Path
    ) -> None:
        """Write a page, if there is anything to be written."""
        kept = list(rows)
        if kept:
            name = progress.new_name(".jsonl")
            write_lines(folder / name, kept)
            part.pages.append(Page(name, len(kept)))


@dataclass(frozen=True)
class Searched(Reader, ABC):
    """What records and histories have in common: they are found by a search."""

    batch: ClassVar[int] = BATCH
    kept: ClassVar[tuple[Kept, ...]] = (Kept("archived records", 90),)

    @property
    def searched(self) -> str:
        """The object that is searched."""
        return HISTORIES.get(self.object, (self.object, ""))[0]

    def server_time(self) -> datetime:
        """HubSpot's clock."""
        self.visible()
        return self.hubspot.clock()

    def visible(self) -> dict[str, bool]:
        """Properties that the app may see -> whether the company made them."""
        listed = self.hubspot.get(f"/crm/properties/{API}/{self.searched}")["results"]
        return {str(each["name"]): each.get("hubspotDefined") is not True for each in listed}

    @abstractmethod
    def properties(self) -> list[str]:
        """Properties to read. Raises ExtractError(field_not_visible)."""

    def demand(self, names: Iterable[str], visible: Iterable[str]) -> None:
        """Raise ExtractError(field_not_visible) where a property is missing."""
        if hidden := missing(names, visible):
            raise ExtractError(
                "field_not_visible",
                f"{self.object}: HubSpot shows the app no property {hidden} of"
                f" {self.searched}; see Settings, Properties, and the app's scopes",
            )

    def plan(self, window: Window) -> tuple[dict[str, Any], list[Part]]:
        """The properties, one part for what changed, and one for what was archived.

        Neither is cut by time: the one goes on by id, the other by page.
        """
        of_window = window.since, window.until
        return {"properties": self.properties()}, [Part(*of_window), Part(*of_window, ARCHIVED)]

    def step(self, part: Part, progress: Progress, folder: Path) -> None:
        """The next records by id, or the next page of those archived, which no search finds."""
        if part.kind == ARCHIVED:
            self._read_archived(part, progress, folder)
            return
        found = self.search(part.since, part.until, int(part.state.get("last", 0)))
        ids = [str(each["id"]) for each in found["results"]]
        self.keep(self.rows(ids, progress.plan, False), part, progress, folder)
        if ids:
            part.state["last"] = ids[-1]
        part.done = int(found["total"]) <= len(ids)

    def _read_archived(self, part: Part, progress: Progress, folder: Path) -> None:
        answer = archived_of(self.hubspot, self.searched, page_of(part, BATCH))
        ids = [
            str(each["id"])
            for each in answer["results"]
            if is_within(each.get("archivedAt"), part.since, part.until)
        ]
        self.keep(self.rows(ids, progress.plan, True), part, progress, folder)
        turn(part, answer)

    def search(self, since: datetime | None, until: datetime, last: int) -> dict[str, Any]:
        """The first records of a window whose id is greater than ``last``, in order of id."""
        stamp = "lastmodifieddate" if self.searched == "contacts" else "hs_lastmodifieddate"
        filters = [
            {"propertyName": stamp, "operator": "LT", "value": milliseconds(until)},
            {"propertyName": "hs_object_id", "operator": "GT", "value": str(last)},
        ]
        if since is not None:
            filters.append({"propertyName": stamp, "operator": "GTE", "value": milliseconds(since)})
        document = {
            "filterGroups": [{"filters": filters}],
            "sorts": [{"propertyName": "hs_object_id", "direction": "ASCENDING"}],
            "properties": ["hs_object_id"],
            "limit": min(self.pace.page_rows, 200),
        }

        def check(answer: dict[str, Any]) -> None:
            # Were they in another order, records would be passed over without a word.
            ids = [int(each["id"]) for each in answer["results"]]
            total = int(answer["total"])
            if any(b <= a for a, b in zip([last, *ids], ids, strict=False)):
                raise Transient("a search whose results are out of order")
            if total > 0 and not ids:
                raise Transient("a search that announces results and brings none")

        return self.hubspot.post(f"/crm/objects/{API}/{self.searched}/search", document, check)

    def read(self, ids: list[str], what: dict[str, Any], archived: bool) -> list[dict[str, Any]]:
        """The records of these ids that are still there."""
        records = []
        for start in range(0, len(ids), self.batch):
            asked = ids[start : start + self.batch]

            def check(answer: dict[str, Any], asked: list[str] = asked) -> None:
                found = {str(each["id"]) for each in answer["results"]}
                if len(found) + len(gone_from(answer) & set(asked)) < len(asked):
                    raise Transient("a batch that lacks records")

            path = f"/crm/objects/{API}/{self.searched}/batch/read"
            answer = self.hubspot.post(
                f"{path}?archived=true" if archived else path,
                {"properties": [], **what, "inputs": [{"id": each} for each in asked]},
                check,
            )
            records += answer["results"]
        return records

    @abstractmethod
    def rows(
        self, ids: list[str], plan: dict[str, Any], archived: bool
    ) -> Iterable[dict[str, Any]]:
        """What is landed of the records of these ids."""


@dataclass(frozen=True)
class RecordReader(Searched):
    """Contacts, deals and engagements."""

    @property
    def has_contacts(self) -> bool:
        """Whether its associations with contacts are read too."""
        return any(each.name == CONTACTS for each in self.spec.columns)

    def properties(self) -> list[str]:
        """Those of the catalogue that are visible, and all of the company's own."""
        visible = self.visible()
        of_catalogue = [
            each for each in self.spec.columns if each.name not in (*OF_RECORD, CONTACTS)
        ]
        self.demand((each.name for each in of_catalogue if each.required), visible)
        known = [each.name for each in of_catalogue if each.name in visible]
        return list(dict.fromkeys([*known, *(name for name, own in visible.items() if own)]))

    def rows(
        self, ids: list[str], plan: dict[str, Any], archived: bool
    ) -> Iterable[dict[str, Any]]:
        """Each record as one flat row."""
        names = plan["properties"]
        records = self.read(ids, {"properties": names}, archived)
        contacts = self.contacts_of([str(each["id"]) for each in records])
        for record in records:
            given = record.get("properties") or {}
            row = {name: record.get(name) for name in OF_RECORD}
            row |= {name: given.get(name) for name in names}
            if self.has_contacts:
                row[CONTACTS] = contacts.get(str(record["id"]), [])
            yield row

    def contacts_of(self, ids: list[str]) -> dict[str, list[str]]:
        """Record -> the contacts that it is associated with."""
        found: dict[str, set[str]] = {}
        todo = [{"id": each} for each in ids] if self.has_contacts else []
        while todo:
            asked, todo = todo[:BATCH], todo[BATCH:]

            def check(answer: dict[str, Any], asked: list[dict[str, str]] = asked) -> None:
                # A record without contacts is named among the errors. One that is named nowhere
                # was not looked at, and would look as if it had none.
                told = {associated(each)[0] for each in answer["results"]} | gone_from(answer)
                if not {each["id"] for each in asked} <= told:
                    raise Transient("associations that lack records")

            answer = self.hubspot.post(
                f"/crm/associations/{API}/{self.object}/contacts/batch/read",
                {"inputs": asked},
                check,
            )
            for each in answer["results"]:
                record, contacts = associated(each)
                found.setdefault(record, set()).update(contacts)
                after = next_of(each)
                if after is not None:
                    todo.append({"id": record, "after": after})
        return {record: sorted(contacts, key=int) for record, contacts in found.items()}


@dataclass(frozen=True)
class HistoryReader(Searched):
    """The values that properties had, of each record that changed or was archived."""

    batch: ClassVar[int] = BATCH_WITH_HISTORY

    def properties(self) -> list[str]:
        """Those that the pipeline reads, and those that the connection names."""
        visible, kept = self.visible(), KEPT[self.searched]
        self.demand(kept[:2], visible)
        named = self.hubspot.connection.listed(f"history_of_{self.searched}") or []
        self.demand(named, visible)
        return list(dict.fromkeys([*(name for name in kept if name in visible), *named]))

    def rows(
        self, ids: list[str], plan: dict[str, Any], archived: bool
    ) -> Iterable[dict[str, Any]]:
        """Each entry as one row, with an id that says what it says."""
        names = plan["properties"]
        for record in self.read(ids, {"propertiesWithHistory": names}, archived):
            histories = record.get("propertiesWithHistory") or {}
            rows = [
                entry_of(str(record["id"]), HISTORIES[self.object][1], name, entry)
                for name in names
                for entry in histories.get(name) or []
            ]
            yield from {row["id"]: row for row in rows}.values()


@dataclass(frozen=True)
class OwnerReader(Reader):
    """The owners, whole each night, those who have left too."""

    def server_time(self) -> datetime:
        """HubSpot's clock."""
        self.hubspot.get(f"/crm/owners/{API}", {"limit": "1"})
        return self.hubspot.clock()

    def plan(self, window: Window) -> tuple[dict[str, Any], list[Part]]:
        """The lists have no times."""
        return {}, [Part(None, window.until), Part(None, window.until, ARCHIVED)]

    def step(self, part: Part, progress: Progress, folder: Path) -> None:
        """The next page."""
        archived = str(part.kind == ARCHIVED).lower()
        answer = self.hubspot.get(
            f"/crm/owners/{API}", {"archived": archived, **page_of(part, OWNERS)}
        )
        names = [each.name for each in self.spec.columns]
        rows = [{name: each.get(name) for name in names} for each in answer["results"]]
        self.keep(rows, part, progress, folder)
        turn(part, answer)


def entry_of(record: str, of: str, name: str, entry: dict[str, Any]) -> dict[str, Any]:
    """A row of a history. HubSpot gives an entry no id, so it gets one that is always the same."""
    told = ("value", "timestamp", "sourceType", "sourceId", "sourceLabel", "updatedByUserId")
    row = {each: entry.get(each) for each in told}
    says = [record, name, *(row[each] for each in told[:4])]
    digest = hashlib.sha256(json.dumps(says).encode()).hexdigest()[:32]
    return {"id": digest, of: record, "property": name, **row}


def archived_of(hubspot: Session, name: str, params: dict[str, str]) -> dict[str, Any]:
    """A page of an object's archived records; an empty one where HubSpot lists none of its kind.

    That is so for meetings: that one was archived cannot be learnt.
    """
    try:
        return hubspot.get(f"/crm/objects/{API}/{name}", {"archived": "true", **params})
    except ExtractError as error:
        if error.name != "archived_not_listed":
            raise
    return {"results": []}


def associated(result: dict[str, Any]) -> tuple[str, list[str]]:
    """A record and the contacts on this page of its associations."""
    return str(result["from"]["id"]), [str(int(to["toObjectId"])) for to in result["to"]]


def gone_from(answer: dict[str, Any]) -> set[str]:
    """Ids of which a batch read says that there is nothing, or nothing any more."""
    gone: set[str] = set()
    for error in answer.get("errors") or []:
        if isinstance(error, dict) and error.get("category") == "OBJECT_NOT_FOUND":
            context = error.get("context") or {}
            gone |= {str(e) for key in ("ids", "fromObjectId") for e in context.get(key) or []}
    return gone


def next_of(document: dict[str, Any]) -> str | None:
    """Where the next page begins; None after the last."""
    after = ((document.get("paging") or {}).get("next") or {}).get("after")
    return None if after is None else str(after)


def page_of(part: Part, most: int) -> dict[str, str]:
    """What asks for the next page of a list; see `turn`."""
    after = {"after": str(part.state["after"])} if "after" in part.state else {}
    return {"limit": str(most), **after}


def turn(part: Part, answer: dict[str, Any]) -> None:
    """Go on to the next page of a list, or be done. Raises ExtractError(bad_answer)."""
    after = next_of(answer)
    if after is not None and after == part.state.get("after"):
        raise ExtractError("bad_answer", "HubSpot names a page as the one that follows itself")
    part.done = after is None
    if after is not None:
        part.state["after"] = after


def is_within(moment: object, since: datetime | None, until: datetime) -> bool:
    """Whether a record was archived in the window; one that does not say when counts."""
    text = str(moment)
    try:
        if text.isdecimal():
            at = datetime.fromtimestamp(int(text) / 1000, UTC)
        else:
            at = datetime.fromisoformat(text)
        return (since is None or since <= at) and at < until
    except (ValueError, TypeError, OverflowError, OSError):
        return True


def milliseconds(moment: datetime) -> str:
    """A moment as a filter of HubSpot wants it."""
    return str(int(moment.timestamp() * 1000))
