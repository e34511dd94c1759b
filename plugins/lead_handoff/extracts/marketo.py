"""One night of one Marketo object: leads and activities by bulk extract, deletions by REST."""

from __future__ import annotations

import csv
import hashlib
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

from lead_handoff.catalogue import CATALOGUE, ObjectSpec
from lead_handoff.extracts.connection import Connection
from lead_handoff.extracts.errors import ExtractError
from lead_handoff.extracts.marketo_session import Session
from lead_handoff.extracts.night_folder import Window
from lead_handoff.extracts.pulling import (
    LONGEST_FIELD,
    POLLS,
    Pace,
    Page,
    Part,
    Progress,
    missing,
    pull_named,
    split,
    write_lines,
)
from lead_handoff.extracts.purging import Kept
from lead_handoff.extracts.session import opened

# Marketo takes 31 days at most, and changes a job's status once a minute.
PACE = Pace(lag=timedelta(minutes=10), longest=timedelta(days=30), poll=60.0)

ACTIVITY_TYPES = {
    2: "Fill Out Form",
    12: "New Lead",
    13: "Change Data Value",
    19: "Sync Lead to SFDC",
    21: "Convert Lead",
    22: "Change Score",
    23: "Change Owner",
    32: "Merge Leads",
    37: "Delete Lead",
    46: "Interesting Moment",
    101: "Change Revenue Stage",
}
"""What is read unless the connection says otherwise; the day's export quota is small."""
READ_BY_MODELS = frozenset({12, 13, 22, 32, 37})
"""Types whose number stands in the models: in every subscription they must mean the same."""
DELETION = 37
DELETIONS_KEPT = timedelta(days=14)
DELETIONS = "deletions"
DOWNLOADS = 2


session = partial(opened, Session)
"""A session that ends with the block."""


def objects() -> list[str]:
    """The objects that are pulled, by Marketo's own names."""
    return list(CATALOGUE["marketo"])


def reader_of(
    marketo: Session, name: str, pace: Pace | None = None
) -> LeadReader | ActivityReader | TypeReader:
    """The reader of an object. Raises ExtractError(bad_connection)."""
    return READERS[name](marketo, CATALOGUE["marketo"][name], pace or pace_of(marketo.connection))


pull = partial(pull_named, reader_of)
"""Pulls one object by its name."""


def pace_of(connection: Connection) -> Pace:
    """The pace that the connection asks for. Raises ExtractError(bad_connection)."""
    return replace(PACE, poll=connection.number("poll_seconds", PACE.poll))


def beginning(connection: Connection) -> datetime:
    """When a first pull begins to read. Raises ExtractError(bad_connection)."""
    try:
        given = date.fromisoformat(str(connection.extra["since"]))
    except (KeyError, ValueError):
        raise ExtractError(
            "bad_connection",
            f"{connection.conn_id}: its extra needs since, the date (YYYY-MM-DD) from which leads"
            " and activities are read the first time, such as the day the subscription began",
        ) from None
    return datetime(given.year, given.month, given.day, tzinfo=UTC)


def lead_fields(marketo: Session, spec: ObjectSpec) -> list[str]:
    """Fields to export: those of the catalogue, and those of the extra's ``fields`` or all others.

    Raises ExtractError(field_not_visible) where a field is missing that nothing works without.
    """
    described = marketo.get("/rest/v1/leads/describe.json")["result"]
    visible = [each["rest"]["name"] for each in described if each.get("rest")]
    named = marketo.connection.listed("fields")
    demanded = [*(each.name for each in spec.columns if each.required), *(named or [])]
    if hidden := missing(demanded, visible):
        raise ExtractError(
            "field_not_visible",
            f"leads: Marketo describes no field {hidden} for REST; see Admin,"
            " Field Management, Export Field Names",
        )
    known = [each.name for each in spec.columns if each.name in visible]
    return list(dict.fromkeys([*known, *(visible if named is None else named)]))


def activity_types(marketo: Session) -> dict[int, dict[str, Any]]:
    """The subscription's own list.

    Raises ExtractError(activity_types_differ) where a number means something else here.
    """
    result = marketo.get("/rest/v1/activities/types.json")["result"]
    types = {int(each["id"]): each for each in result}
    differing = [
        f"{number} is {types[number]['name'] if number in types else 'missing'}, not {name}"
        for number, name in ACTIVITY_TYPES.items()
        if number in READ_BY_MODELS
        and str(types.get(number, {}).get("name", "")).casefold() != name.casefold()
    ]
    if differing:
        raise ExtractError(
            "activity_types_differ",
            "the subscription's activity types differ from those the models read: "
            + "; ".join(differing),
        )
    return types


@dataclass(frozen=True)
class Reader:
    """What all three objects have in common."""

    marketo: Session = field(repr=False)
    spec: ObjectSpec
    pace: Pace

    source: ClassVar[str] = "marketo"
    kept: ClassVar[tuple[Kept, ...]] = ()

    @property
    def object(self) -> str:
        """Its name."""
        return self.spec.name

    def begins(self) -> datetime | None:
        """From when a first pull reads."""
        return beginning(self.marketo.connection) if self.kept else None

    def server_time(self) -> datetime:
        """Marketo's clock. Raises ExtractError(quota_low)."""
        self.marketo.heed_usage()
        return self.marketo.clock()


@dataclass(frozen=True)
class BulkReader(Reader):
    """An object that is exported: a job is created, enqueued, awaited, and its file fetched."""

    def create(self, part: Part, plan: dict[str, Any]) -> str:
        """Create a job for a part; returns its id."""
        # The end belongs to the range: a record in the second where two parts meet comes twice,
        # as rows of an overlap do.
        span = {"startAt": literal(part.since), "endAt": literal(part.until)}
        document = {
            "format": "CSV",
            "fields": plan["fields"],
            "filter": {plan["filter"]: span, **plan["also"]},
        }
        answer = self.marketo.post(f"/bulk/v1/{self.object}/export/create.json", document)
        return str(answer["result"][0]["exportId"])

    def step(self, part: Part, progress: Progress, folder: Path) -> None:
        """Create a job, or wait for it and fetch its file."""
        if "job" not in part.state:
            part.state["job"] = self.create(part, progress.plan)
            return
        path = f"/bulk/v1/{self.object}/export/{part.state['job']}"
        status = self._await(path)
        if int(status["numberOfRecords"]) > 0:
            name = progress.new_name(".csv")
            self._fetch(path, status, folder / name)
            part.pages.append(Page(name, rows_in(folder / name, int(status["numberOfRecords"]))))
        part.done = True

    def _await(self, path: str) -> dict[str, Any]:
        for _ in range(POLLS):
            status: dict[str, Any] = self.marketo.get(f"{path}/status.json")["result"][0]
            match status["status"]:
                case "Completed":
                    return status
                case "Created":
                    self._enqueue(path)
                case "Queued" | "Processing":
                    pass
                case ended:
                    raise ExtractError("job_failed", f"{path} ended as {str(ended)[:20]}")
            self.marketo.patience.sleep(self.pace.poll)
        minutes = POLLS * self.pace.poll / 60
        raise ExtractError("job_slow", f"{path} did not end within {minutes:.0f} min")

    def _enqueue(self, path: str) -> None:
        """Put a job into the queue; one that is full is tried again at the next poll."""
        try:
            self.marketo.post(f"{path}/enqueue.json")
        except ExtractError as error:
            # The first answer may have been lost on its way, and the job be queued already.
            if error.name not in ("queue_full", "job_queued"):
                raise

    def _fetch(self, path: str, status: dict[str, Any], to: Path) -> None:
        """The file, if it is the one whose hash the status names."""
        part = to.with_name(to.name + ".part")
        promised = str(status["fileChecksum"]).removeprefix("sha256:").lower()
        for _ in range(DOWNLOADS):
            size = int(status["fileSize"])
            self.marketo.fetch(f"{path}/file.json", part, size, self.pace.piece_bytes)
            with part.open("rb") as file:
                digest = hashlib.file_digest(file, "sha256").hexdigest()
            if digest == promised:
                part.replace(to)
                return
            part.unlink()
        raise ExtractError(
            "checksum_mismatch", f"{path}: the file's SHA-256 is not the one that Marketo announced"
        )


@dataclass(frozen=True)
class LeadReader(BulkReader):
    """Leads, by when they were last updated, or all of them where Marketo cannot tell."""

    def plan(self, window: Window) -> tuple[dict[str, Any], list[Part]]:
        """The fields, the filter that the subscription has, and the parts of the window."""
        first = beginning(self.marketo.connection)
        plan = {"fields": lead_fields(self.marketo, self.spec), "filter": "updatedAt", "also": {}}
        parts = split(window.since or first, window.until, self.pace.longest)
        try:
            if parts:
                parts[0].state["job"] = self.create(parts[0], plan)
        except ExtractError as error:
            if error.name != "filter_unavailable":
                raise
            # Without this filter a change of an old lead shows in nothing but the lead.
            plan["filter"] = "createdAt"
            parts = split(first, window.until, self.pace.longest)
        return plan, parts


@dataclass(frozen=True)
class ActivityReader(BulkReader):
    """Activities of the wanted types, and deletions, which are not exported."""

    kept: ClassVar[tuple[Kept, ...]] = (
        Kept("deletions", DELETIONS_KEPT.days),
        Kept("activities", 90, is_whole=True),
    )

    def plan(self, window: Window) -> tuple[dict[str, Any], list[Part]]:
        """The types to read, the parts of the window, and one more for the deletions."""
        first = beginning(self.marketo.connection)
        types = activity_types(self.marketo)
        named = self.marketo.connection.listed("activity_types")
        wanted = [int(name) for name in named] if named else list(ACTIVITY_TYPES)
        plan = {
            "fields": [each.name for each in self.spec.columns],
            "filter": "createdAt",
            "also": {"activityTypeIds": [n for n in wanted if n in types and n != DELETION]},
        }
        parts = split(window.since or first, window.until, self.pace.longest)
        deleted_since = window.since or window.until - 2 * DELETIONS_KEPT
        return plan, [*parts, Part(deleted_since, window.until, DELETIONS)]

    def step(self, part: Part, progress: Progress, folder: Path) -> None:
        """The next step of a job, or the next page of deletions."""
        if part.kind == DELETIONS:
            self._read_deletions(part, progress, folder)
        else:
            super().step(part, progress, folder)

    def _read_deletions(self, part: Part, progress: Progress, folder: Path) -> None:
        below = "/rest/v1/activities"
        if "next" not in part.state:
            since = {"sinceDatetime": literal(part.since)}
            answer = self.marketo.get(f"{below}/pagingtoken.json", since)
            part.state["next"] = answer["nextPageToken"]
            return
        token = {"nextPageToken": str(part.state["next"])}
        answer = self.marketo.get(f"{below}/deletedleads.json", token)
        # What lies after the window belongs to the next one.
        records = [
            self._as_exported(record)
            for record in answer.get("result") or []
            if datetime.fromisoformat(record["activityDate"]) < part.until
        ]
        name = progress.new_name(".jsonl")
        write_lines(folder / name, records)
        part.pages.append(Page(name, len(records)))
        part.state["next"] = answer["nextPageToken"]
        part.done = answer.get("moreResult") is not True

    def _as_exported(self, record: dict[str, Any]) -> dict[str, Any]:
        """A record of the REST API with the columns of an export, attributes by name."""
        row = {each.name: record.get(each.name) for each in self.spec.columns}
        listed = record.get("attributes") or []
        return row | {"attributes": {each["name"]: each.get("value") for each in listed}}


@dataclass(frozen=True)
class TypeReader(Reader):
    """The subscription's own list of activity types, whole each night."""

    def plan(self, window: Window) -> tuple[dict[str, Any], list[Part]]:
        """One part: the list has no times."""
        return {}, [Part(None, window.until)]

    def step(self, part: Part, progress: Progress, folder: Path) -> None:
        """Ask for the list."""
        types = activity_types(self.marketo).values()
        names = [each.name for each in self.spec.columns]
        records = [{name: each.get(name) for name in names} for each in types]
        name = progress.new_name(".jsonl")
        write_lines(folder / name, records)
        part.pages.append(Page(name, len(records)))
        part.done = True


READERS: dict[str, type[LeadReader | ActivityReader | TypeReader]] = {
    "leads": LeadReader,
    "activities": ActivityReader,
    "activity_types": TypeReader,
}


def rows_in(path: Path, announced: int) -> int | None:
    """Rows of an exported file; None where its own quoting does not tell them apart.

    The file's hash says that it is what Marketo wrote, so a row that cannot be read is the
    source's own and a matter for landing, which keeps it with the reason.
    """
    csv.field_size_limit(LONGEST_FIELD)
    with path.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as file:
        records = csv.reader(file, strict=True)
        try:
            header = next(records, [])
            rows = 0
            for record in records:
                if len(record) != len(header):
                    return None
                rows += 1
        except csv.Error:
            return None
    return rows if rows == announced else None


def literal(moment: datetime | None) -> str:
    """A moment as Marketo wants it, without fractions of a second."""
    if moment is None:
        raise ExtractError("bad_state", "a part of a Marketo pull has no beginning")
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
