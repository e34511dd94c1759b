"""A Salesforce on loopback, after the published REST and Bulk API 2.0 guides, that can fail."""

from __future__ import annotations

import csv
import io
import json
import re
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from threading import Lock
from urllib.parse import parse_qs, urlsplit

from tests.simulators import faulty

FAULTS = (
    *("cut", "status_429", "status_500", "status_503", "token_expired", "short_csv"),
    *("locator_expired", "trickle", "torn_csv", "not_json"),
)
WHERE = re.compile(r"SELECT (.+) FROM (\w+) WHERE (?:(\w+) >= (\S+) AND )?(\w+) < (\S+)$")
FIRST = re.compile(r"SELECT (\w+) FROM (\w+) ORDER BY \1 ASC LIMIT 1$")


@dataclass
class Organisation:
    """What the simulated organisation holds, and how it behaves."""

    records: dict[str, list[dict[str, object]]]
    now: datetime = datetime(2026, 5, 2, tzinfo=UTC)
    seed: int | None = None
    rest_page: int = 3
    repeats_header: bool = True
    client_id: str = "consumer-key"
    client_secret: str = "s3cr3t-of-the-app"
    public_key: object = None
    hidden: set[tuple[str, str]] = field(default_factory=set)
    tracked: set[tuple[str, str]] = field(default_factory=set)
    usage: tuple[int, int] = (10, 1000)
    allowed_pages: int | None = None
    longest: timedelta | None = None
    requests: list[str] = field(default_factory=list)
    tokens: list[str] = field(default_factory=list)
    assertions: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.faults = faulty.Faults(self.seed, FAULTS, {"locator_expired": 3})
        self.lock = Lock()
        self.jobs: dict[str, list] = {}
        self.expired: set[str] = set()

    def fault(self, path: str) -> str | None:
        # Only what has begun to be read can be dropped.
        possible = FAULTS if "ocator" in path else tuple(f for f in FAULTS if "locator" not in f)
        return self.faults.draw(possible)

    def is_too_long(self, soql: str) -> bool:
        *_, low, _, high = WHERE.match(soql).groups()
        if self.longest is None or low is None:
            return False
        return datetime.fromisoformat(high) - datetime.fromisoformat(low) > self.longest

    def names_hidden(self, soql: str) -> bool:
        names, table, *_ = WHERE.match(soql).groups()
        return any((table, name) in self.hidden for name in names.split(", "))

    def select(self, soql: str) -> tuple[list[str], list[dict[str, object]]]:
        names, table, low_field, low, high_field, high = WHERE.match(soql).groups()
        assert low_field in (None, high_field)
        at = lambda row: datetime.fromisoformat(str(row[high_field]))  # noqa: E731
        since = datetime.fromisoformat(low) if low else datetime.min.replace(tzinfo=UTC)
        until = datetime.fromisoformat(high)
        return names.split(", "), [r for r in self.records[table] if since <= at(r) < until]


def as_exported(value: object) -> object:
    """A value as Bulk API 2.0 writes it into a CSV."""
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else value


class Handler(faulty.FaultyHandler):
    world: Organisation

    def send(self, status: int, body: bytes, **headers: str) -> None:
        used, limit = self.world.usage
        super().send(status, body, Sforce_Limit_Info=f"api-usage={used}/{limit}", **headers)

    def refuse(self, status: int, code: str) -> None:
        self.send_json([{"errorCode": code, "message": self.headers.get("Authorization")}], status)

    def answer(self, body: str) -> None:
        org = self.world
        parts = urlsplit(self.path)
        self.fault = org.fault(self.path)
        if self.fault and self.fault.startswith("status_"):
            self.send_status(self.fault)
            return
        if parts.path == "/services/oauth2/token":
            self.issue_token({k: v[0] for k, v in parse_qs(body).items()})
            return
        if self.fault == "token_expired":
            org.tokens.clear()
        if (self.headers.get("Authorization") or "").removeprefix("Bearer ") not in org.tokens:
            self.refuse(401, "INVALID_SESSION_ID")
            return
        query = {k: v[0] for k, v in parse_qs(parts.query).items()}
        self.route(parts.path.removeprefix("/services/data/v63.0"), query, body)

    def issue_token(self, form: dict[str, str]) -> None:
        org = self.world
        if form["grant_type"] == "client_credentials":
            is_good = (form["client_id"], form["client_secret"]) == (
                org.client_id,
                org.client_secret,
            )
        else:
            import jwt

            org.assertions.append(form["assertion"])
            claims = jwt.decode(
                form["assertion"], org.public_key, ["RS256"], options={"verify_aud": False}
            )
            is_good = claims["iss"] == org.client_id and claims["sub"] == "pull@example.com"
        if not is_good:
            self.send_json({"error": "invalid_client", "error_description": str(form)}, 400)
            return
        token = f"00D-token-{len(org.requests)}-{org.faults.random.random()}"
        org.tokens.append(token)
        port = self.server.server_address[1]
        self.send_json({"access_token": token, "instance_url": f"http://127.0.0.1:{port}"})

    def route(self, path: str, query: dict[str, str], body: str) -> None:
        org = self.world
        if path == "/limits":
            used, limit = org.usage
            self.send_json({"DailyApiRequests": {"Max": limit, "Remaining": limit - used}})
        elif match := re.match(r"/sobjects/(\w+)/describe$", path):
            rows = org.records.get(match[1])
            if rows is None:
                self.refuse(404, "NOT_FOUND")
                return
            names = [n for n in rows[0] if (match[1], n) not in org.hidden]
            self.send_json(
                {
                    "fields": [
                        {"name": n, "type": "string", "custom": n.endswith("__c")} for n in names
                    ]
                    + [{"name": "Address", "type": "address", "custom": False}]
                }
            )
        elif path == "/query":
            table = re.search(r"'(\w+)'$", query["q"])[1]
            fields = [f for t, f in org.tracked if t == table]
            self.send_json(
                {
                    "done": True,
                    "records": [
                        {"QualifiedApiName": f, "IsFieldHistoryTracked": True} for f in fields
                    ],
                }
            )
        elif path == "/queryAll" and (match := FIRST.match(query["q"])):
            stamps = sorted(str(row[match[1]]) for row in org.records[match[2]])[:1]
            self.send_json({"done": True, "records": [{match[1]: stamp} for stamp in stamps]})
        elif path == "/queryAll" and org.names_hidden(query["q"]):
            self.refuse(400, "INVALID_FIELD")
        elif path == "/queryAll":
            self.rest_page(query["q"], 0)
        elif path.startswith("/query/"):
            if self.fault == "locator_expired":
                self.refuse(400, "INVALID_QUERY_LOCATOR")
                return
            start, _, soql = bytes.fromhex(path.removeprefix("/query/")).decode().partition("|")
            self.rest_page(soql, int(start))
        elif path == "/jobs/query":
            job = f"750{len(org.jobs):015d}"
            asked = json.loads(body)
            assert asked["operation"] == "queryAll"
            if org.names_hidden(asked["query"]):
                self.refuse(400, "INVALID_FIELD")
                return
            if org.is_too_long(asked["query"]):
                self.refuse(400, "QUERY_TIMEOUT")
                return
            org.jobs[job] = [asked["query"], 2]
            self.send_json({"id": job, "state": "UploadComplete"})
        elif path.endswith("/results"):
            self.bulk_page(path.split("/")[3], query)
        else:
            job_id = path.split("/")[3]
            org.jobs[job_id][1] -= 1
            done = org.jobs[job_id][1] <= 0
            self.send_json({"id": job_id, "state": "JobComplete" if done else "InProgress"})

    def rest_page(self, soql: str, start: int) -> None:
        org = self.world
        names, rows = org.select(soql)
        end = start + org.rest_page
        document = {
            "totalSize": len(rows),
            "done": end >= len(rows),
            "records": [
                {"attributes": {"type": "x"}, **{n: r[n] for n in names}} for r in rows[start:end]
            ],
        }
        if end < len(rows):
            locator = f"{end}|{soql}".encode().hex()
            document["nextRecordsUrl"] = f"/services/data/v63.0/query/{locator}"
        self.send_json(document)

    def bulk_page(self, job: str, query: dict[str, str]) -> None:
        org = self.world
        if org.allowed_pages is not None:
            if org.allowed_pages == 0:
                self.refuse(400, "API_DISABLED_FOR_ORG")
                return
            org.allowed_pages -= 1
        if self.fault == "locator_expired" or job in org.expired:
            org.expired.add(job)
            self.refuse(400, "INVALIDLOCATOR")
            return
        names, rows = org.select(org.jobs[job][0])
        start, size = int(query.get("locator", "0")), int(query["maxRecords"])
        page = rows[start : start + size]
        text = io.StringIO()
        writer = csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\n")
        if start == 0 or org.repeats_header:
            writer.writerow(names)
        for row in page[: -1 if self.fault == "short_csv" else None]:
            writer.writerow([as_exported(row[n]) for n in names])
        content = text.getvalue().encode()
        if self.fault == "torn_csv":
            content = content[:-4]
        more = start + size < len(rows)
        self.send(
            200,
            content,
            Sforce_NumberOfRecords=str(len(page)),
            Sforce_Locator=str(start + size) if more else "null",
        )


def serving(organisation: Organisation) -> AbstractContextManager[str]:
    """The address at which the organisation answers."""
    return faulty.serving(organisation, Handler)
