"""What a pull does about each failure that the vendors document, whatever the status code says."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from threading import Lock
from typing import Any

import pytest

from lead_handoff.extracts import hubspot, marketo, salesforce
from lead_handoff.extracts.connection import Connection
from lead_handoff.extracts.errors import ExtractError
from lead_handoff.extracts.http import Patience
from lead_handoff.extracts.pulling import BEGIN_AGAIN, CUT, Pace
from tests.simulators import faulty

NOW = datetime(2026, 5, 2, tzinfo=UTC)
MIDNIGHT_CENTRAL = datetime(2026, 5, 2, 5, tzinfo=UTC)


@dataclass
class Scripted:
    """A source that fails once in a given way, and then answers what it should."""

    status: int
    body: bytes
    headers: dict[str, str] = field(default_factory=dict)
    failures: int = 1
    now: datetime = NOW
    lock: Lock = field(default_factory=Lock)
    requests: list[str] = field(default_factory=list)

    @property
    def logins(self) -> int:
        return sum("/oauth" in each for each in self.requests)


class Handler(faulty.FaultyHandler):
    world: Scripted

    def answer(self, body: str) -> None:
        world = self.world
        if "/oauth" in self.path:
            port = self.server.server_address[1]
            address = f"http://127.0.0.1:{port}"
            self.send_json({"access_token": f"t{world.logins}", "instance_url": address})
        elif world.failures:
            world.failures -= 1
            self.send(world.status, world.body, **world.headers)
        else:
            self.send_json({"success": True, "result": [], "records": [], "results": []})


@dataclass(frozen=True)
class Case:
    """A documented failure and the action that it demands."""

    source: str
    code: str
    action: str
    name: str = ""
    status: int = 200
    message: str = ""
    path: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    pause: float = 0.0
    body: bytes | None = None

    def __str__(self) -> str:
        words = self.message.replace(" ", "_")[:20]
        return f"{self.source}-{self.status}-{self.code}{words and '-' + words}"

    @property
    def content(self) -> bytes:
        if self.body is not None:
            return self.body
        if self.source == "salesforce":
            return json.dumps([{"errorCode": self.code, "message": "secret words"}]).encode()
        if self.source == "hubspot":
            said = {"policyName": self.code} if self.status == 429 else {"category": self.code}
            return json.dumps(said | {"message": f"{self.message} secret words"}).encode()
        errors = [{"code": self.code, "message": f"{self.message} secret words"}]
        return json.dumps({"success": False, "errors": errors}).encode()


def marketo_case(code: str, action: str, name: str = "", **more: Any) -> Case:
    return Case("marketo", code, action, name, **more)


def http_case(source: str, status: int, action: str, name: str = "", **more: Any) -> Case:
    return Case(source, "", action, name, status, body=b"<html>", **more)


def salesforce_case(status: int, code: str, action: str, name: str = "", **more: Any) -> Case:
    return Case("salesforce", code, action, name, status, **more)


def hubspot_case(status: int, code: str, action: str, name: str = "", **more: Any) -> Case:
    return Case("hubspot", code, action, name, status, **more)


CREATE = "/bulk/v1/leads/export/create.json"
ENQUEUE = "/bulk/v1/leads/export/ce45/enqueue.json"
STATUS = "/bulk/v1/leads/export/ce45/status.json"
FILE = "/bulk/v1/leads/export/ce45/file.json"
RESULT = "/jobs/query/750x/results"
PAGE = "/services/data/v63.0/query/01gX-2000"

CASES = [
    marketo_case("601", "renew", message="Access token invalid"),
    marketo_case("602", "renew", message="Access token expired"),
    marketo_case("603", "stop", "access_denied"),
    marketo_case("604", "retry", message="Request time-out"),
    marketo_case("606", "retry", message="Max rate limit '100' exceeded", pause=20),
    marketo_case("607", "wait", "quota_used_up", message="Daily quota reached"),
    marketo_case("608", "retry", message="API temporarily unavailable", pause=10),
    marketo_case("609", "stop", "request_refused", message="Invalid JSON"),
    marketo_case("610", "stop", "wrong_address", message="Requested resource not found"),
    marketo_case("610", "begin again", "result_gone", path=STATUS),
    marketo_case("611", "retry", message="System error"),
    marketo_case("612", "stop", "request_refused", message="Invalid content type"),
    marketo_case("614", "retry", message="Invalid subscription", pause=10),
    marketo_case("615", "retry", message="Concurrent access limit reached", pause=2),
    marketo_case("616", "stop", "not_enabled", message="Invalid subscription type"),
    marketo_case("701", "stop", "request_refused", message="cannot be blank"),
    marketo_case("702", "nothing found"),
    marketo_case("703", "stop", "not_enabled"),
    marketo_case("704", "stop", "request_refused", message="Invalid date format"),
    marketo_case("713", "retry", message="Transient error", pause=10),
    marketo_case("1003", "cut", "window_too_large", message="Date range is too long", path=CREATE),
    marketo_case("1003", "stop", "request_refused", message="Invalid data"),
    marketo_case("1006", "stop", "field_not_visible", path=CREATE),
    marketo_case("1013", "begin again", "result_gone", path=STATUS),
    marketo_case("1029", "poll on", "queue_full", message="Too many jobs in queue", path=ENQUEUE),
    marketo_case("1029", "poll on", "job_queued", message="Job already queued", path=ENQUEUE),
    marketo_case(
        "1029", "wait", "quota_used_up", message="Export daily quota exceeded", path=CREATE
    ),
    marketo_case("1035", "fall back", "filter_unavailable", path=CREATE),
    marketo_case("9999", "stop", "request_refused", message="a code nobody knows"),
    marketo_case("none", "stop", "request_refused", body=b'{"success": false}'),
    marketo_case("none", "retry", body=b'{"requestId": "without a success"}'),
    http_case("marketo", 200, "retry"),
    http_case("marketo", 401, "renew"),
    http_case("marketo", 404, "begin again", "result_gone", path=FILE),
    http_case("marketo", 413, "stop", "request_too_large"),
    http_case("marketo", 414, "as a form"),
    http_case("marketo", 429, "retry", headers=(("Retry_After", "7"),), pause=7),
    http_case("marketo", 500, "retry"),
    http_case("marketo", 502, "retry"),
    http_case("marketo", 503, "retry"),
    salesforce_case(400, "INVALID_FIELD", "stop", "field_not_visible"),
    salesforce_case(401, "INVALID_SESSION_ID", "renew"),
    salesforce_case(403, "REQUEST_LIMIT_EXCEEDED", "later", "quota_used_up"),
    salesforce_case(400, "ExceededQuota", "later", "quota_used_up"),
    salesforce_case(403, "API_DISABLED_FOR_ORG", "stop", "request_refused"),
    salesforce_case(403, "INSUFFICIENT_ACCESS", "stop", "request_refused"),
    salesforce_case(404, "NOT_FOUND", "stop", "request_refused"),
    salesforce_case(404, "NOT_FOUND", "begin again", "result_gone", path=RESULT),
    salesforce_case(400, "INVALID_QUERY_LOCATOR", "begin again", "result_gone", path=PAGE),
    salesforce_case(400, "INVALIDLOCATOR", "begin again", "result_gone", path=RESULT),
    salesforce_case(400, "MALFORMED_QUERY", "stop", "request_refused"),
    salesforce_case(400, "QUERY_TIMEOUT", "cut", "window_too_large"),
    salesforce_case(400, "OPERATION_TOO_LARGE", "cut", "window_too_large"),
    salesforce_case(409, "CONFLICT", "stop", "request_refused"),
    salesforce_case(400, "UNABLE_TO_LOCK_ROW", "retry"),
    salesforce_case(500, "UNKNOWN_EXCEPTION", "retry"),
    salesforce_case(503, "SERVER_UNAVAILABLE", "retry"),
    http_case("salesforce", 200, "retry"),
    http_case("salesforce", 429, "retry", headers=(("Retry_After", "9"),), pause=9),
    http_case("salesforce", 429, "later", "source_busy", headers=(("Retry_After", "3600"),)),
    http_case("salesforce", 502, "retry"),
    hubspot_case(429, "SECONDLY", "retry", pause=1),
    hubspot_case(429, "TEN_SECONDLY_ROLLING", "retry", pause=10),
    hubspot_case(429, "A_LIMIT_NOBODY_KNOWS", "retry", headers=(("Retry_After", "4"),), pause=4),
    hubspot_case(429, "DAILY", "later", "quota_used_up"),
    hubspot_case(429, "SECONDLY", "later", "source_busy", headers=(("Retry_After", "3600"),)),
    hubspot_case(401, "EXPIRED_AUTHENTICATION", "renew"),
    hubspot_case(403, "MISSING_SCOPES", "stop", "scope_missing"),
    hubspot_case(400, "VALIDATION_ERROR", "stop", "request_refused"),
    hubspot_case(
        400,
        "VALIDATION_ERROR",
        "fall back",
        "archived_not_listed",
        message="Paging through deleted objects is not yet supported.",
    ),
    hubspot_case(404, "OBJECT_NOT_FOUND", "stop", "request_refused"),
    http_case("hubspot", 423, "retry", headers=(("Retry_After", "2"),), pause=2),
    http_case("hubspot", 477, "retry", headers=(("Retry_After", "5"),), pause=5),
    http_case("hubspot", 200, "retry"),
    http_case("hubspot", 500, "retry"),
    http_case("hubspot", 502, "retry"),
    http_case("hubspot", 504, "retry"),
    http_case("hubspot", 524, "retry"),
    Case("hubspot", "none", "retry", body=b'{"status": "COMPLETE"}'),
]
SUCCEED = {"retry", "renew", "as a form", "nothing found"}


def asked(case: Case, sleeps: list[float]) -> tuple[Scripted, ExtractError | None]:
    """One request to a source that fails as the case says."""
    world = Scripted(case.status, case.content, dict(case.headers))
    patience = Patience(attempts=4, first=0.0001, timeout=5, sleep=sleeps.append)
    module: Any = {"marketo": marketo, "salesforce": salesforce, "hubspot": hubspot}[case.source]
    default = {
        "marketo": "/rest/v1/activities/types.json",
        "salesforce": "/query",
        "hubspot": "/crm/owners/2026-09",
    }
    extra = {"refresh_token": "r"} if case.source == "hubspot" else {}
    path = case.path or default[case.source]
    with (
        faulty.serving(world, Handler) as address,
        module.session(
            Connection(f"{case.source}_default", address, "id", "key", extra), patience
        ) as it,
    ):
        try:
            if path.endswith(("create.json", "enqueue.json")):
                it.post(path, {"format": "CSV"})
            else:
                it.get(path, {"q": "x"})
        except ExtractError as error:
            return world, error
    return world, None


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_failure_gets_the_action_that_its_documentation_demands(case: Case) -> None:
    sleeps: list[float] = []
    world, error = asked(case, sleeps)
    assert (error is None) == (case.action in SUCCEED)
    assert (error.name if error else "") == case.name
    assert world.logins == (2 if case.action == "renew" else 1)
    others = [each for each in world.requests if "/oauth" not in each]
    again = case.action in ("retry", "renew", "as a form")
    assert len(others) == (2 if again else 1)
    assert any("_method=GET" in each for each in others) == (case.action == "as a form")
    assert max(sleeps, default=0) >= case.pause
    if error is not None:
        assert "secret words" not in str(error)
        demanded: dict[str, Callable[[], bool]] = {
            "stop": lambda: not error.may_pass and error.name not in BEGIN_AGAIN | CUT,
            "later": lambda: error.may_pass and error.resumes_at is None,
            "wait": lambda: error.may_pass and error.resumes_at == MIDNIGHT_CENTRAL,
            "begin again": lambda: error.name in BEGIN_AGAIN,
            "cut": lambda: error.name in CUT,
            # What the reader does about these is shown by the tests of the whole pull.
            "poll on": lambda: True,
            "fall back": lambda: True,
        }
        assert demanded[case.action]()


def test_the_table_holds_enough_codes_and_failures_that_look_like_success() -> None:
    assert len({(case.source, case.status, case.code, case.message) for case in CASES}) >= 50
    assert sum(case.status == 200 and case.action != "nothing found" for case in CASES) >= 10


def test_a_source_that_refuses_every_token_is_not_asked_for_ever() -> None:
    for source, body in (
        ("marketo", b'{"success": false, "errors": [{"code": "601"}]}'),
        ("salesforce", b"[]"),
    ):
        world = Scripted(200 if source == "marketo" else 401, body, failures=1000)
        module: Any = {"marketo": marketo, "salesforce": salesforce}[source]
        patience = Patience(attempts=12, first=0.0001, sleep=lambda _: None)
        with (
            faulty.serving(world, Handler) as address,
            module.session(Connection(f"{source}_default", address, "i", "k"), patience) as it,
            pytest.raises(ExtractError, match="token_refused"),
        ):
            it.get("/rest/v1/x.json")
        assert world.logins == 4


def test_an_export_that_failed_inside_a_success_is_made_again_and_then_given_up(
    tmp_path: Path,
) -> None:
    """A job that ended badly is told of with HTTP 200."""
    from tests.simulators.marketo import Subscription, serving

    world = Subscription([{"id": 1, "leadStatus": "x", "createdAt": "", "updatedAt": ""}], [])
    world.faults.draw = lambda possible=(): "job_failed" if "job_failed" in possible else None  # type: ignore[assignment]
    pace = Pace(poll=0, restarts=1)
    patience = Patience(sleep=lambda _: None)
    with serving(world) as address:
        given = Connection(
            "marketo_default",
            address,
            world.client_id,
            world.client_secret,
            {"since": "2026-05-01"},
        )
        with (
            marketo.session(given, patience) as session,
            pytest.raises(ExtractError, match="job_failed") as caught,
        ):
            marketo.pull(session, "activities", date(2026, 5, 2), tmp_path, pace)
    assert caught.value.may_pass
    assert list(tmp_path.glob("marketo/activities/2*")) == []
