"""One night of one Salesforce object: what changed since the last pull, deletions included."""

from __future__ import annotations

import csv
import shutil
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

from lead_handoff.catalogue import CATALOGUE, ObjectSpec
from lead_handoff.extracts.errors import ExtractError
from lead_handoff.extracts.http import Transient
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
from lead_handoff.extracts.salesforce_session import Session
from lead_handoff.extracts.session import opened

BULK = frozenset(
    {
        *("Lead", "LeadHistory", "Task", "Event", "Opportunity", "OpportunityFieldHistory"),
        *("OpportunityHistory", "CampaignMember"),
    }
)
"""Objects that grow without bound, read by Bulk API 2.0; the others are small and read by REST."""

DELETABLE = frozenset(
    name
    for name, spec in CATALOGUE["salesforce"].items()
    if any(column.name == "IsDeleted" for column in spec.columns)
)
DELETIONS_KEPT = Kept("deletions and merges", 15)
"""The recycle bin's."""
HISTORIES = frozenset({"LeadHistory", "OpportunityFieldHistory"})
HISTORY_KEPT = Kept("changes", 540, is_whole=True)
"""18 months; up to 24 by the API, which nobody can rely on."""

UNREADABLE = frozenset({"address", "location", "base64", "complexvalue"})
"""Compound types: Bulk API 2.0 does not select them, and their parts are fields of their own."""


session = partial(opened, Session)
"""A session that ends with the block."""


def objects() -> list[str]:
    """The objects that are pulled, by Salesforce's own names."""
    return list(CATALOGUE["salesforce"])


def fields_of(salesforce: Session, spec: ObjectSpec) -> list[str]:
    """Fields to select: those of the catalogue that the user may see, and every custom one.

    Raises ExtractError(field_not_visible) where a field is missing that nothing works without.
    """
    described = salesforce.get(f"/sobjects/{spec.name}/describe")["fields"]
    visible = {each["name"]: each for each in described if each["type"] not in UNREADABLE}
    if hidden := missing((each.name for each in spec.columns if each.required), visible):
        raise ExtractError(
            "field_not_visible",
            f"{spec.name}: the user may not see {hidden}; grant read access to the"
            " object and to these fields in its permission set",
        )
    known = [each.name for each in spec.columns if each.name in visible]
    return known + sorted(name for name, each in visible.items() if each.get("custom"))


def query_of(spec: ObjectSpec, fields: list[str], since: datetime | None, until: datetime) -> str:
    """The SOQL of a stretch of time; it takes no parameters.

    Every part of it is from the catalogue, from describe or from a clock.
    """
    stamp = spec.stamps[0]
    low = f"{stamp} >= {_literal(since)} AND " if since else ""
    high = f"{stamp} < {_literal(until)}"
    return f"SELECT {', '.join(fields)} FROM {spec.name} WHERE {low}{high}"  # noqa: S608


def _literal(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def reader_of(salesforce: Session, name: str, pace: Pace | None = None) -> Reader:
    """The reader of an object."""
    return Reader(salesforce, CATALOGUE["salesforce"][name], pace or Pace())


pull = partial(pull_named, reader_of)
"""Pulls one object by its name."""


@dataclass(frozen=True)
class Reader:
    """Reads one object, by Bulk API 2.0 or by REST."""

    salesforce: Session = field(repr=False)
    spec: ObjectSpec
    pace: Pace

    source: ClassVar[str] = "salesforce"

    @property
    def object(self) -> str:
        """Its name."""
        return self.spec.name

    @property
    def kept(self) -> tuple[Kept, ...]:
        """Records in the recycle bin, and the history of fields."""
        if self.object in HISTORIES:
            return (HISTORY_KEPT,)
        return (DELETIONS_KEPT,) if self.object in DELETABLE else ()

    def begins(self) -> datetime | None:
        """A first pull reads whatever there is."""
        return None

    def server_time(self) -> datetime:
        """The source's clock."""
        return self.salesforce.server_time()

    def plan(self, window: Window) -> tuple[dict[str, Any], list[Part]]:
        """The fields to select; the years before a first pull in parts, if they are many."""
        fields = fields_of(self.salesforce, self.spec)
        since = window.since
        if since is None and self.object in BULK:
            since = self._earliest()
        parts = split(since, window.until, self.pace.longest) if since else []
        return {"fields": fields}, parts or [Part(since, window.until)]

    def _earliest(self) -> datetime | None:
        """The stamp of the oldest record, by the index that Salesforce keeps on it."""
        stamp = self.spec.stamps[0]
        query = f"SELECT {stamp} FROM {self.object} ORDER BY {stamp} ASC LIMIT 1"  # noqa: S608
        records = self.salesforce.get("/queryAll", {"q": query})["records"]
        return datetime.fromisoformat(str(records[0][stamp])) if records else None

    def step(self, part: Part, progress: Progress, folder: Path) -> None:
        """Create a job, wait for it, or fetch its next page."""
        query = query_of(self.spec, progress.plan["fields"], part.since, part.until)
        read = self._read_bulk if self.object in BULK else self._read_rest
        read(query, part, progress, folder)

    def _read_bulk(self, query: str, part: Part, progress: Progress, folder: Path) -> None:
        if "job" not in part.state:
            job = self.salesforce.post(
                "/jobs/query",
                {
                    "operation": "queryAll",
                    "query": query,
                    "contentType": "CSV",
                    "columnDelimiter": "COMMA",
                    "lineEnding": "LF",
                },
            )
            part.state["job"] = str(job["id"])
            return
        path = f"/jobs/query/{part.state['job']}"
        if not part.pages:
            self._await(path)
        fields = progress.plan["fields"]
        params = {"maxRecords": str(self.pace.page_rows)}
        if part.state.get("next"):
            params["locator"] = part.state["next"]
        rows = 0

        def check(page: Path, headers: Any) -> None:
            nonlocal rows
            rows, has_header = _rows_of(page, fields, needs_header=not part.pages)
            if headers.get("Sforce-NumberOfRecords") != str(rows):
                raise Transient("a page with another number of records than announced")
            if not has_header:
                _give_header(page, folder / part.pages[0].name)

        name = progress.new_name(".csv")
        headers = self.salesforce.fetch(f"{path}/results", params, folder / name, check)
        locator = headers.get("Sforce-Locator", "null")
        part.pages.append(Page(name, rows))
        part.state["next"] = locator
        part.done = locator in ("null", "")

    def _await(self, path: str) -> None:
        for poll in range(POLLS):
            state = self.salesforce.get(path)["state"]
            if state == "JobComplete":
                return
            if state in ("Failed", "Aborted"):
                raise ExtractError(
                    "job_failed",
                    f"{path} ended as {state}; Salesforce's Bulk Data Load Jobs page says why",
                )
            # A night's changes are ready in seconds; the years before a first pull are not.
            self.salesforce.patience.sleep(min(self.pace.poll, 2.0 ** min(poll, 10)))
        minutes = POLLS * self.pace.poll / 60
        raise ExtractError("job_slow", f"{path} did not end within {minutes:.0f} min")

    def _read_rest(self, query: str, part: Part, progress: Progress, folder: Path) -> None:
        if part.state.get("next"):
            answer = self.salesforce.get(part.state["next"])
        else:
            answer = self.salesforce.get("/queryAll", {"q": query})
        name = progress.new_name(".jsonl")
        for record in answer["records"]:
            record.pop("attributes", None)
        write_lines(folder / name, answer["records"])
        part.pages.append(Page(name, len(answer["records"])))
        part.state["next"] = answer.get("nextRecordsUrl")
        part.done = bool(answer["done"])
        if part.done and part.rows != answer["totalSize"]:
            raise ExtractError("result_incomplete", "the pages do not add up to the result")


def _rows_of(page: Path, fields: list[str], *, needs_header: bool) -> tuple[int, bool]:
    """Rows of a CSV page, and whether a header stands above them.

    Sources disagree on whether the pages after the first begin with the header;
    both are read. Raises Transient where the page is not what was asked for.
    """
    csv.field_size_limit(LONGEST_FIELD)
    # Bytes that are no UTF-8 are a matter of single rows, which landing judges.
    with page.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as file:
        records = csv.reader(file, strict=True)
        try:
            first = next(records, [])
            has_header = set(first) == set(fields)
            if not has_header and (needs_header or len(first) != len(fields)):
                raise Transient("a page without the header that was asked for")
            rows = 0 if has_header else 1
            for record in records:
                if len(record) != len(fields):
                    raise Transient("a page with a broken row")
                rows += 1
        except csv.Error:
            raise Transient("a page that is not CSV") from None
    return rows, has_header


def _give_header(page: Path, first_page: Path) -> None:
    """Put the first page's header above a page without one: each file is landed by itself."""
    whole = page.with_name(page.name + ".part")
    with first_page.open("rb") as above, page.open("rb") as below, whole.open("wb") as file:
        file.write(above.readline())
        shutil.copyfileobj(below, file)
    whole.replace(page)
