"""A HubSpot on loopback, after the published reference of its CRM API 2026-09, that fails.

It keeps to HubSpot's limits, so that a client that passes them is refused: 200 results a page and
10,000 a search, 100 records a batch and 50 with histories, 500 owners a page.
"""

from __future__ import annotations

import json
import re
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from threading import Lock
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.simulators import faulty

FAULTS = (
    *("cut", "trickle", "not_json", "status_500", "status_502", "status_503", "status_504"),
    *("limit_secondly", "limit_ten_secondly", "token_expired", "short", "shuffled", "other_form"),
)
SEARCHABLE = 10_000
ENGAGEMENTS = ("calls", "emails", "meetings", "tasks")


@dataclass
class Account:
    """What the simulated account holds, and how it behaves."""

    records: dict[str, list[dict[str, Any]]]
    owners: list[dict[str, Any]] = field(default_factory=list)
    contacts_of: dict[tuple[str, str], list[str]] = field(default_factory=dict)
    now: datetime = datetime(2026, 5, 2, tzinfo=UTC)
    seed: int | None = None
    token: str = "pat-eu1-s3cr3t"
    client_secret: str = "s3cr3t-of-the-app"
    refresh_token: str = "s3cr3t-refresh"
    hidden: set[tuple[str, str]] = field(default_factory=set)
    own: set[str] = field(default_factory=set)
    unlisted: set[str] = field(default_factory=set)
    scopes_missing: dict[str, str] = field(default_factory=dict)
    daily: tuple[int, int] = (250_000, 249_000)
    daily_used_up: bool = False
    allowed_batches: int | None = None
    searchable: int = SEARCHABLE
    list_page: int = 100
    associations_page: int = 2
    requests: list[str] = field(default_factory=list)
    tokens: set[str] = field(default_factory=set)
    issued: list[str] = field(default_factory=list)
    most_asked: int = 0

    def __post_init__(self) -> None:
        self.faults = faulty.Faults(self.seed, FAULTS, {})
        self.lock = Lock()

    def live(self, name: str, archived: bool = False) -> list[dict[str, Any]]:
        return [each for each in self.records[name] if bool(each["archived"]) is archived]


class Handler(faulty.FaultyHandler):
    world: Account

    def refuse(self, status: int, category: str, **more: Any) -> None:
        said = {"status": "error", "category": category, "message": self.headers["Authorization"]}
        self.send_json(said | more, status)

    def answer(self, body: str) -> None:
        account, parts = self.world, urlsplit(self.path)
        # A token that does not change does not expire either.
        possible = FAULTS if account.issued else tuple(f for f in FAULTS if f != "token_expired")
        self.fault = account.faults.draw(possible)
        if self.fault and self.fault.startswith("status_"):
            self.send_status(self.fault)
            return
        if self.fault and self.fault.startswith("limit_"):
            name = {"limit_secondly": "SECONDLY"}.get(self.fault, "TEN_SECONDLY_ROLLING")
            self.refuse(429, "RATE_LIMITS", errorType="RATE_LIMIT", policyName=name)
            return
        if parts.path == "/oauth/2026-09/token":
            self.issue_token({key: value[0] for key, value in parse_qs(body).items()})
            return
        if self.fault == "token_expired":
            account.tokens.clear()
        given = (self.headers["Authorization"] or "").removeprefix("Bearer ")
        if given not in {account.token, *account.tokens}:
            self.refuse(401, "EXPIRED_AUTHENTICATION")
            return
        if account.daily_used_up:
            self.refuse(429, "RATE_LIMITS", errorType="RATE_LIMIT", policyName="DAILY")
            return
        for name, scope in account.scopes_missing.items():
            if name in parts.path:
                context = {"requiredGranularScopes": [scope]}
                self.refuse(403, "MISSING_SCOPES", errors=[{"message": "x", "context": context}])
                return
        query = {key: value[0] for key, value in parse_qs(parts.query).items()}
        self.route(parts.path, query, json.loads(body) if body else {})

    def issue_token(self, form: dict[str, str]) -> None:
        account = self.world
        wanted = ("refresh_token", account.client_secret, account.refresh_token)
        if (form["grant_type"], form["client_secret"], form["refresh_token"]) != wanted:
            self.send_json({"status": "BAD_REFRESH_TOKEN", "message": str(form)}, 400)
            return
        token = f"oauth-token-{len(account.issued)}"
        account.tokens.add(token)
        account.issued.append(token)
        self.send_json({"access_token": token, "expires_in": 1800})

    def send_json(self, document: object, status: int = 200, **headers: str) -> None:
        if "/search" not in self.path:
            limit, left = self.world.daily
            headers |= {
                "X_HubSpot_RateLimit_Daily": str(limit),
                "X_HubSpot_RateLimit_Daily_Remaining": str(left),
            }
        if status < 300 and isinstance(document, dict) and document.get("results"):
            is_record = "/owners" not in self.path
            if self.fault == "other_form" and self.command == "POST":
                document = document | {"results": [{"vid": 1}]}
            elif self.fault == "short" and is_record and self.command == "POST":
                # Of a search, the total and the next page still stand as they were.
                document = document | {"results": document["results"][:-1]}
            elif self.fault == "shuffled" and "/search" in self.path:
                document = document | {"results": document["results"][::-1]}
        super().send_json(document, status, **headers)

    def route(self, path: str, query: dict[str, str], body: dict[str, Any]) -> None:
        if match := re.match(r"/crm/properties/2026-09/(\w+)$", path):
            self.properties(match[1])
        elif match := re.match(r"/crm/objects/2026-09/(\w+)/search$", path):
            self.search(match[1], body)
        elif match := re.match(r"/crm/objects/2026-09/(\w+)/batch/read$", path):
            self.batch(match[1], body, query.get("archived") == "true")
        elif match := re.match(r"/crm/objects/2026-09/(\w+)$", path):
            is_archived = query.get("archived") == "true"
            if is_archived and match[1] in self.world.unlisted:
                said = "Paging through deleted objects is not yet supported."
                self.refuse(400, "VALIDATION_ERROR", message=said)
                return
            records = self.world.live(match[1], is_archived)
            bare = [self.shown(record, {}) for record in records]
            self.listed(bare, query, min(100, self.world.list_page))
        elif path == "/crm/owners/2026-09":
            archived = query.get("archived") == "true"
            owners = [each for each in self.world.owners if each["archived"] is archived]
            self.listed(owners, query, min(500, self.world.list_page))
        elif match := re.match(r"/crm/associations/2026-09/(\w+)/contacts/batch/read$", path):
            self.associations(match[1], body)
        else:
            self.refuse(404, "OBJECT_NOT_FOUND")

    def properties(self, name: str) -> None:
        records = self.world.records.get(name)
        if records is None:
            self.refuse(404, "OBJECT_NOT_FOUND")
            return
        names = [each for each in records[0]["properties"] if (name, each) not in self.world.hidden]
        own = self.world.own
        self.send_json(
            {
                "results": [
                    {"name": n, "hubspotDefined": not n.startswith("own_") and n not in own}
                    for n in names
                ]
            }
        )

    def search(self, name: str, body: dict[str, Any]) -> None:
        if len(json.dumps(body)) > 3000 or not 0 < body["limit"] <= 200:
            self.refuse(400, "VALIDATION_ERROR")
            return
        found = self.world.live(name)
        for each in body["filterGroups"][0]["filters"]:
            found = [record for record in found if passes(record, each)]
        ((sort, direction),) = [(s["propertyName"], s["direction"]) for s in body["sorts"]]
        assert (sort, direction) == ("hs_object_id", "ASCENDING")
        found.sort(key=lambda record: int(record["id"]))
        start = int(body.get("after", 0))
        end = start + body["limit"]
        if end > self.world.searchable:
            self.refuse(400, "VALIDATION_ERROR")
            return
        page = [self.shown(record, {}) for record in found[start:end]]
        more = {"paging": {"next": {"after": str(end)}}} if end < len(found) else {}
        self.send_json({"total": len(found), "results": page, **more})

    def batch(self, name: str, body: dict[str, Any], archived: bool) -> None:
        account = self.world
        history = body.get("propertiesWithHistory") or []
        asked = [each["id"] for each in body["inputs"]]
        account.most_asked = max(account.most_asked, len(asked))
        if not 0 < len(asked) <= (50 if history else 100):
            self.refuse(400, "VALIDATION_ERROR")
            return
        if account.allowed_batches is not None:
            if account.allowed_batches == 0:
                self.refuse(400, "VALIDATION_ERROR")
                return
            account.allowed_batches -= 1
        known = {record["id"]: record for record in account.live(name, archived)}
        # HubSpot answers in no order that it promises.
        found = [self.shown(known[each], body) for each in reversed(asked) if each in known]
        gone = [each for each in asked if each not in known]
        document: dict[str, Any] = {"status": "COMPLETE", "results": found}
        if gone:
            error = {"category": "OBJECT_NOT_FOUND", "context": {"ids": gone}}
            document |= {"numErrors": 1, "errors": [error]}
        self.send_json(document, 207 if gone else 200)

    def shown(self, record: dict[str, Any], body: dict[str, Any]) -> dict[str, Any]:
        document = {key: record[key] for key in ("id", "createdAt", "updatedAt", "archived")}
        if record.get("archivedAt") is not None:
            document["archivedAt"] = record["archivedAt"]
        given = record["properties"]
        document["properties"] = {n: given.get(n) for n in body.get("properties") or ["hs_x"]}
        if body.get("propertiesWithHistory"):
            histories = record.get("history") or {}
            document["propertiesWithHistory"] = {
                name: histories.get(name, []) for name in body["propertiesWithHistory"]
            }
        return document

    def listed(self, rows: list[dict[str, Any]], query: dict[str, str], most: int) -> None:
        start = int(query.get("after", "0"))
        end = start + min(int(query["limit"]), most)
        more = {"paging": {"next": {"after": str(end)}}} if end < len(rows) else {}
        self.send_json({"results": rows[start:end], **more})

    def associations(self, name: str, body: dict[str, Any]) -> None:
        results, errors = [], []
        if not 0 < len(body["inputs"]) <= 1000:
            self.refuse(400, "VALIDATION_ERROR")
            return
        for each in body["inputs"]:
            contacts = self.world.contacts_of.get((name, each["id"]), [])
            if not contacts:
                error = {
                    "category": "OBJECT_NOT_FOUND",
                    "subCategory": "crm.associations.NO_ASSOCIATIONS_FOUND",
                    "context": {"fromObjectId": [each["id"]]},
                }
                errors.append(error)
                continue
            start = int(each.get("after", "0"))
            end = start + self.world.associations_page
            result: dict[str, Any] = {
                "from": {"id": each["id"]},
                "to": [{"toObjectId": str(c), "associationTypes": []} for c in contacts[start:end]],
            }
            if end < len(contacts):
                result["paging"] = {"next": {"after": str(end)}}
            results.append(result)
        document: dict[str, Any] = {"status": "COMPLETE", "results": results}
        if errors:
            document |= {"numErrors": len(errors), "errors": errors}
        self.send_json(document, 207 if errors else 200)


def passes(record: dict[str, Any], condition: dict[str, Any]) -> bool:
    """Whether a record meets a filter; moments are compared in milliseconds."""
    name, wanted = condition["propertyName"], int(condition["value"])
    if name == "hs_object_id":
        has = int(record["id"])
    else:
        has = int(datetime.fromisoformat(record["properties"][name]).timestamp() * 1000)
    return {"GT": has > wanted, "GTE": has >= wanted, "LT": has < wanted}[condition["operator"]]


def serving(account: Account) -> AbstractContextManager[str]:
    """The address at which the account answers."""
    return faulty.serving(account, Handler)
