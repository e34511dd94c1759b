"""A Marketo on loopback that can fail, after the vendor's published documentation.

Written from these pages of Experience League, Marketo Developer, REST API (as in the repository
AdobeDocs/marketo-developer.en, help/rest-api): authentication, bulk-extract, bulk-lead-extract,
bulk-activity-extract, activities, paging-tokens, leads (Describe), lead-database/usage,
error-codes, marketo-integration-best-practices.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import re
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random
from threading import Lock
from urllib.parse import parse_qs, urlsplit

from tests.simulators import faulty

FAULTS = (
    *("cut", "trickle", "not_json", "status_429", "status_500", "status_502", "status_503"),
    *("token_invalid", "token_expired", "rate", "concurrency", "busy", "timeout", "away", "system"),
    *("queue_full", "quota", "job_failed", "file_gone", "wrong_bytes", "ignores_range"),
)
RARE = {"quota": 1, "job_failed": 2, "file_gone": 2, "wrong_bytes": 3}
CODES = {
    "token_invalid": "601",
    "token_expired": "602",
    "rate": "606",
    "concurrency": "615",
    "busy": "713",
    "timeout": "604",
    "away": "608",
    "system": "611",
}
WINDOW = timedelta(days=31)
QUEUE = 10
ACTIVITY_COLUMNS = (
    *("marketoGUID", "leadId", "activityDate", "activityTypeId", "campaignId"),
    *("primaryAttributeValueId", "primaryAttributeValue", "attributes"),
)
TYPES = {
    2: "Fill Out Form",
    12: "New Lead",
    13: "Change Data Value",
    22: "Change Score",
    32: "Merge Leads",
    37: "Delete Lead",
    46: "Interesting Moment",
    1: "Visit Webpage",
}
EXPORT = re.compile(r"/bulk/v1/(leads|activities)/export/([\w-]+)(?:/(\w+))?\.json$")
Row = dict[str, object]


@dataclass
class Job:
    """One export."""

    kind: str
    document: dict
    status: str = "Created"
    polls: int = 2
    rows: int = 0
    content: bytes = b""
    gone: bool = False


@dataclass
class Subscription:
    """What the simulated subscription holds, and how it behaves."""

    leads: list[Row]
    activities: list[Row]
    deletions: list[Row] = field(default_factory=list)
    types: dict[int, str] = field(default_factory=lambda: dict(TYPES))
    now: datetime = datetime(2026, 5, 2, tzinfo=UTC)
    seed: int | None = None
    client_id: str = "client-id"
    client_secret: str = "s3cr3t-of-the-service"
    has_updated_filter: bool = True
    hidden: set[str] = field(default_factory=set)
    page: int = 3
    used: int | None = 100
    queued_by_others: int = 0
    quota_is_used_up: bool = False
    extra_bytes: bytes = b""
    cut_first_file_at: int | None = None
    ignores_range: bool = False
    refuse_all: tuple[str, str] | None = None
    refuse_path: str = ""
    long_tokens: bool = False
    requests: list[str] = field(default_factory=list)
    ranges: list[str] = field(default_factory=list)
    tokens: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.faults = faulty.Faults(self.seed, FAULTS, RARE)
        self.lock = Lock()
        self.jobs: dict[str, Job] = {}

    def lead_fields(self) -> list[str]:
        return [name for name in self.leads[0] if name not in self.hidden]

    def export(self, job: Job) -> None:
        """Write the job's file: what lies in its range, both ends included."""
        filters = dict(job.document["filter"])
        types = filters.pop("activityTypeIds", None)
        ((by, span),) = filters.items()
        low, high = (datetime.fromisoformat(span[key]) for key in ("startAt", "endAt"))
        rows, stamp = (self.leads, by) if job.kind == "leads" else (self.activities, "activityDate")
        chosen = [
            row
            for row in rows
            if low <= datetime.fromisoformat(str(row[stamp])) <= high
            and (types is None or row["activityTypeId"] in types)
        ]
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        names = job.document.get("fields") or ACTIVITY_COLUMNS
        writer.writerow(names)
        for row in chosen:
            writer.writerow([as_exported(row[name]) for name in names])
        job.rows = len(chosen)
        job.content = text.getvalue().encode() + (self.extra_bytes if chosen else b"")


def as_exported(value: object) -> object:
    if value is None:
        return "null"
    return json.dumps(value) if isinstance(value, dict) else value


def api_name(name: str) -> str:
    """Fill Out Form -> fillOutForm."""
    first, *others = name.split()
    return first.lower() + "".join(word[0].upper() + word[1:] for word in others)


class Handler(faulty.FaultyHandler):
    world: Subscription

    def refuse(self, code: str, message: str = "") -> None:
        """Failures are answered with HTTP 200; the message repeats what should not be shown."""
        text = f"{message} {self.headers.get('Authorization')}"
        errors = [{"code": code, "message": text}]
        self.send_json({"requestId": "e42b#1", "success": False, "errors": errors})

    def succeed(self, result: list | None = None, **more: object) -> None:
        document: dict[str, object] = {"requestId": "e42b#1", "success": True, **more}
        if result is not None:
            document["result"] = result
        self.send_json(document)

    def answer(self, body: str) -> None:
        world, parts = self.world, urlsplit(self.path)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        self.fault = world.faults.draw(self.possible(parts.path))
        if self.fault and self.fault.startswith("status_"):
            self.send_status(self.fault)
        elif parts.path == "/identity/oauth/token":
            self.issue_token({name: values[0] for name, values in parse_qs(body).items()})
        elif self.fault in CODES:
            if self.fault in ("token_invalid", "token_expired"):
                world.tokens.clear()
            self.refuse(CODES[self.fault])
        elif (self.headers.get("Authorization") or "").removeprefix("Bearer ") not in world.tokens:
            self.refuse("601", "Access token invalid")
        elif world.refuse_all and world.refuse_path in parts.path:
            self.refuse(*world.refuse_all)
        elif query.get("_method") == "GET":
            self.route(parts.path, {k: v[0] for k, v in parse_qs(body).items()}, "")
        elif len(self.path) > 8_000:
            self.send(414, b"URI too long")
        else:
            self.route(parts.path, query, body)

    def possible(self, path: str) -> tuple[str, ...]:
        """The faults that this place can have."""
        special = {
            "queue_full": path.endswith("enqueue.json"),
            "quota": path.endswith(("create.json", "enqueue.json")),
            "job_failed": path.endswith("status.json"),
            "file_gone": path.endswith("file.json"),
            "wrong_bytes": path.endswith("file.json"),
            "ignores_range": path.endswith("file.json"),
        }
        return tuple(fault for fault in FAULTS if special.get(fault, True))

    def issue_token(self, form: dict[str, str]) -> None:
        world = self.world
        if (form.get("client_id"), form.get("client_secret")) != (
            world.client_id,
            world.client_secret,
        ):
            self.send_json({"error": "unauthorized", "error_description": str(form)}, 401)
            return
        world.tokens.append(f"cdf01657-{len(world.requests)}-{world.faults.random.random()}:int")
        self.send_json({"access_token": world.tokens[-1], "expires_in": 3599})

    def route(self, path: str, query: dict[str, str], body: str) -> None:
        world = self.world
        if path == "/rest/v1/stats/usage.json":
            if world.used is None:
                self.refuse("603", "Access denied")
            else:
                self.succeed([{"date": f"{world.now:%Y-%m-%d}", "total": world.used, "users": []}])
        elif path == "/rest/v1/leads/describe.json":
            fields = [{"id": n, "rest": {"name": x}} for n, x in enumerate(world.lead_fields())]
            self.succeed([*fields, {"id": 999, "soap": {"name": "OnlyInSoap"}}])
        elif path == "/rest/v1/activities/types.json":
            self.succeed(
                [
                    {
                        "id": number,
                        "name": name,
                        "apiName": api_name(name),
                        "attributes": [{"name": "x", "dataType": "y"}],
                    }
                    for number, name in world.types.items()
                ]
            )
        elif path == "/rest/v1/activities/pagingtoken.json":
            self.succeed(nextPageToken=self.token_of(query["sinceDatetime"], 0))
        elif path == "/rest/v1/activities/deletedleads.json":
            self.deleted(query["nextPageToken"])
        elif match := EXPORT.match(path):
            self.bulk(*match.groups(), body)
        else:
            self.refuse("610", "Requested resource not found")

    def token_of(self, since: str, start: int) -> str:
        filler = "=" * (9_000 if self.world.long_tokens else 4)
        return f"{since}|{start}".encode().hex() + filler

    def deleted(self, token: str) -> None:
        since, _, start = bytes.fromhex(token.rstrip("=")).decode().partition("|")
        rows = [
            row
            for row in self.world.deletions
            if datetime.fromisoformat(str(row["activityDate"])) >= datetime.fromisoformat(since)
        ]
        end = int(start) + self.world.page
        more = end < len(rows)
        result = {"result": rows[int(start) : end]} if rows else {}
        token = self.token_of(since, min(end, len(rows)))
        self.succeed(**result, nextPageToken=token, moreResult=more)

    def bulk(self, kind: str, job_id: str, action: str | None, body: str) -> None:
        world = self.world
        if job_id == "create":
            self.create(kind, json.loads(body))
            return
        job = world.jobs.get(job_id)
        if job is None or job.kind != kind:
            self.refuse("1013", "Export job not found")
        elif action == "enqueue":
            self.enqueue(job)
        elif action == "cancel":
            job.status = "Cancelled"
            self.succeed([{"exportId": job_id, "status": job.status}])
        elif action == "status":
            self.show(job_id, job)
        else:
            self.file(job)

    def create(self, kind: str, document: dict) -> None:
        world = self.world
        filters = dict(document["filter"])
        filters.pop("activityTypeIds", None)
        ((by, span),) = filters.items()
        low, high = (datetime.fromisoformat(span[key]) for key in ("startAt", "endAt"))
        if world.quota_is_used_up or self.fault == "quota":
            self.refuse("1029", "Export daily quota exceeded")
        elif by == "updatedAt" and not (world.has_updated_filter and kind == "leads"):
            self.refuse("1035", "Unsupported filter type for target subscription")
        elif high - low > WINDOW:
            self.refuse("1003", "Date range is too large, 31 days at most")
        elif 37 in document["filter"].get("activityTypeIds", []):
            self.refuse("1003", "Activity type 37 is not supported")
        else:
            job_id = f"ce45a7a1-{len(world.jobs)}"
            world.jobs[job_id] = Job(kind, document)
            self.succeed([{"exportId": job_id, "status": "Created", "format": "CSV"}])

    def enqueue(self, job: Job) -> None:
        world = self.world
        queued = sum(each.status in ("Queued", "Processing") for each in world.jobs.values())
        if world.quota_is_used_up or self.fault == "quota":
            self.refuse("1029", "Export daily quota exceeded")
        elif job.status != "Created":
            self.refuse("1029", "Job already queued")
        elif queued + world.queued_by_others >= QUEUE or self.fault == "queue_full":
            world.queued_by_others = max(0, world.queued_by_others - 1)
            self.refuse("1029", "Too many jobs in queue")
        else:
            job.status = "Queued"
            world.export(job)
            self.succeed([{"status": "Queued", "format": "CSV"}])

    def show(self, job_id: str, job: Job) -> None:
        running = ("Queued", "Processing")
        if job.status in running and self.fault == "job_failed":
            job.status = "Failed"
        elif job.status in running:
            job.polls -= 1
            job.status = "Processing" if job.polls else "Completed"
        shown = {"exportId": job_id, "status": job.status, "format": "CSV"}
        if job.status == "Completed":
            shown |= {
                "numberOfRecords": job.rows,
                "fileSize": len(job.content),
                "fileChecksum": f"sha256:{hashlib.sha256(job.content).hexdigest()}",
            }
        self.succeed([shown])

    def file(self, job: Job) -> None:
        content = job.content
        job.gone = job.gone or self.fault == "file_gone" or job.status != "Completed"
        if job.gone:
            self.send(404, b"not found")
            return
        if self.world.cut_first_file_at is not None:
            self.fault, self.cut_at = "cut", self.world.cut_first_file_at
            self.world.cut_first_file_at = None
        asked = self.headers.get("Range")
        self.world.ranges.append(asked or "")
        if asked is None or self.world.ignores_range or self.fault == "ignores_range":
            self.send(200, self.altered(content), Content_Type="text/csv")
            return
        start, _, end = asked.removeprefix("bytes=").partition("-")
        part = content[int(start) : int(end) + 1]
        shown = f"bytes {start}-{int(start) + len(part) - 1}/{len(content)}"
        self.send(
            206,
            self.altered(part),
            Content_Type="text/csv",
            Content_Range=shown,
            Accept_Ranges="bytes",
        )

    def altered(self, content: bytes) -> bytes:
        """The content, or with the fault of wrong bytes one that differs in a single bit."""
        if self.fault != "wrong_bytes" or not content:
            return content
        bit = Random(f"{len(self.world.requests)} {content!r}").randrange(len(content) * 8)
        changed = bytearray(content)
        changed[bit // 8] ^= 1 << bit % 8
        return bytes(changed)


def serving(subscription: Subscription) -> AbstractContextManager[str]:
    """The address at which the subscription answers."""
    return faulty.serving(subscription, Handler)
