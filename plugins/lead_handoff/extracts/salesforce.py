"""One night of one Salesforce object: what changed since the last pull, deletions included."""

from __future__ import annotations

import csv
import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from lead_handoff.extracts.connection import Connection
from lead_handoff.extracts.errors import ExtractError
from lead_handoff.extracts.http import Patience, Transient, client
from lead_handoff.extracts.night_folder import ObjectFolder, Window
from lead_handoff.extracts.salesforce_session import Session
from lead_handoff.landing.catalogue import CATALOGUE, ObjectSpec

BULK = frozenset(
    {
        *("Lead", "LeadHistory", "Task", "Event", "Opportunity", "OpportunityFieldHistory"),
        *("OpportunityHistory", "CampaignMember"),
    }
)
"""Objects that grow without bound, read by Bulk API 2.0; the others are small and read by REST."""

UNREADABLE = frozenset({"address", "location", "base64", "complexvalue"})
"""Compound types: Bulk API 2.0 does not select them, and their parts are fields of their own."""

POLLS = 720
LONGEST_FIELD = 16_000_000


@dataclass(frozen=True)
class Pace:
    """How a pull goes about its work.

    ``overlap``: how far a window reaches back into the last one. ``lag``: how far it stays behind
    the source's clock, because a record shows its stamp only when its transaction is committed.
    """

    overlap: timedelta = timedelta(minutes=30)
    lag: timedelta = timedelta(minutes=5)
    page_rows: int = 50_000
    poll: float = 10.0
    restarts: int = 3


@dataclass(frozen=True)
class Pulled:
    """What a pull brought: rows are those of the pages, repeats by the overlap included."""

    object: str
    folder: Path
    rows: int
    pages: int


@contextmanager
def session(connection: Connection, patience: Patience | None = None) -> Iterator[Session]:
    """A session that ends with the block."""
    patience = patience or Patience()
    with client(patience) as http:
        yield Session(connection, http, patience)


def objects() -> list[str]:
    """The objects that are pulled, by Salesforce's own names."""
    return list(CATALOGUE["salesforce"])


def fields_of(salesforce: Session, spec: ObjectSpec) -> list[str]:
    """Fields to select: those of the catalogue that the user may see, and every custom one.

    Raises ExtractError(field_not_visible) where a field is missing that nothing works without.
    """
    described = salesforce.get(f"/sobjects/{spec.name}/describe")["fields"]
    visible = {each["name"]: each for each in described if each["type"] not in UNREADABLE}
    hidden = [each.name for each in spec.columns if each.required and each.name not in visible]
    if hidden:
        raise ExtractError(
            "field_not_visible",
            f"{spec.name}: the user may not see {', '.join(hidden)}; grant read access to the"
            " object and to these fields in its permission set",
        )
    known = [each.name for each in spec.columns if each.name in visible]
    return known + sorted(name for name, each in visible.items() if each.get("custom"))


def query_of(spec: ObjectSpec, fields: list[str], window: Window) -> str:
    """The SOQL of a window; it takes no parameters.

    Every part of it is from the catalogue, from describe or from a clock.
    """
    stamp = spec.stamps[0]
    since = f"{stamp} >= {_literal(window.since)} AND " if window.since else ""
    until = _literal(window.until)
    return f"SELECT {', '.join(fields)} FROM {spec.name} WHERE {since}{stamp} < {until}"  # noqa: S608


def _literal(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def pull(
    salesforce: Session, object_name: str, night: date, root: Path, pace: Pace | None = None
) -> Pulled | None:
    """Pull one object into its folder of the night, or go on where an earlier attempt ended.

    Returns None where the night has been pulled. Raises ExtractError; nothing is shown then.
    """
    pace = pace or Pace()
    spec = CATALOGUE["salesforce"][object_name]
    folder = ObjectFolder(root / "salesforce" / object_name)
    horizon = (salesforce.server_time() - pace.lag).replace(microsecond=0)
    window = folder.next_window(night, horizon, pace.overlap)
    if window is None:
        return None
    progress = folder.resume(night)
    for _ in range(pace.restarts + 1):
        if not progress:
            fields = fields_of(salesforce, spec)
            progress = {
                "night": night.isoformat(),
                "since": window.since.isoformat() if window.since else None,
                "until": window.until.isoformat(),
                "query": query_of(spec, fields, window),
                "fields": fields,
                "next": None,
                "pages": [],
                "done": False,
            }
            folder.record(progress)
        try:
            read = _read_bulk if object_name in BULK else _read_rest
            while not progress["done"]:
                read(salesforce, folder, progress, pace)
                folder.record(progress)
        except ExtractError as error:
            if error.name not in ("result_gone", "result_incomplete"):
                raise
            # A new job may order its rows otherwise, so pages of the old one cannot be kept.
            progress = {}
            continue
        since = datetime.fromisoformat(progress["since"]) if progress["since"] else None
        done = Window(since, datetime.fromisoformat(progress["until"]))
        pages = progress["pages"]
        shown = folder.show(night, done, pages)
        return Pulled(object_name, shown, sum(page["rows"] for page in pages), len(pages))
    raise ExtractError(
        "result_gone",
        f"{object_name}: Salesforce dropped the result {pace.restarts + 1} times while it was read;"
        " run again when it is less busy",
    )


def _read_bulk(
    salesforce: Session, folder: ObjectFolder, progress: dict[str, Any], pace: Pace
) -> None:
    """The next step of a query job: create it, wait for it, or fetch its next page."""
    if "job" not in progress:
        job = salesforce.post(
            "/jobs/query",
            {
                "operation": "queryAll",
                "query": progress["query"],
                "contentType": "CSV",
                "columnDelimiter": "COMMA",
                "lineEnding": "LF",
            },
        )
        progress["job"] = str(job["id"])
        return
    path = f"/jobs/query/{progress['job']}"
    if not progress["pages"]:
        _await(salesforce, path, pace)
    name = f"page-{len(progress['pages']):06d}.csv"
    params = {"maxRecords": str(pace.page_rows)}
    if progress["next"]:
        params["locator"] = progress["next"]
    rows = 0

    def check(page: Path, headers: Any) -> None:
        nonlocal rows
        is_first = not progress["pages"]
        rows, has_header = _rows_of(page, progress["fields"], needs_header=is_first)
        if headers.get("Sforce-NumberOfRecords") != str(rows):
            raise Transient("a page with another number of records than announced")
        if not has_header:
            _give_header(page, folder.pull / progress["pages"][0]["name"])

    headers = salesforce.fetch(f"{path}/results", params, folder.pull / name, check)
    locator = headers.get("Sforce-Locator", "null")
    progress["pages"].append({"name": name, "rows": rows})
    progress["next"] = locator
    progress["done"] = locator in ("null", "")


def _await(salesforce: Session, path: str, pace: Pace) -> None:
    for _ in range(POLLS):
        state = salesforce.get(path)["state"]
        if state == "JobComplete":
            return
        if state in ("Failed", "Aborted"):
            raise ExtractError(
                "job_failed",
                f"{path} ended as {state}; Salesforce's Bulk Data Load Jobs page says why",
            )
        salesforce.patience.sleep(pace.poll)
    raise ExtractError("job_slow", f"{path} did not end within {POLLS * pace.poll / 60:.0f} min")


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


def _read_rest(
    salesforce: Session, folder: ObjectFolder, progress: dict[str, Any], pace: Pace
) -> None:
    """The next page of a REST query, as JSON lines."""
    if progress["next"]:
        answer = salesforce.get(progress["next"])
    else:
        answer = salesforce.get("/queryAll", {"q": progress["query"]})
    name = f"page-{len(progress['pages']):06d}.jsonl"
    part = folder.pull / f"{name}.part"
    with part.open("w", encoding="utf-8") as file:
        for record in answer["records"]:
            record.pop("attributes", None)
            file.write(json.dumps(record, ensure_ascii=False) + "\n")
    part.replace(folder.pull / name)
    progress["pages"].append({"name": name, "rows": len(answer["records"])})
    progress["next"] = answer.get("nextRecordsUrl")
    progress["done"] = bool(answer["done"])
    if progress["done"] and sum(p["rows"] for p in progress["pages"]) != answer["totalSize"]:
        raise ExtractError("result_incomplete", "the pages do not add up to the result")
