"""A session with Marketo: login, pace, and errors that come as HTTP 200.

Marketo answers most failures with status 200 and a code in the body. What each code means is from
its page "Error Codes"; the paces are those of its "Integration Best Practices".
"""

from __future__ import annotations

import re
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from datetime import time as clock_time
from pathlib import Path
from typing import Any, ClassVar, NoReturn
from zoneinfo import ZoneInfo

import httpx

from lead_handoff.extracts.errors import ExtractError
from lead_handoff.extracts.http import TRANSIENT, Transient, json_of, retry_after, save
from lead_handoff.extracts.session import TokenRefused, TokenSession

DAY_SHARE = 0.8
"""Share of the day's calls after which a pull stops; other integrations need the rest."""
DAILY_CALLS = 50_000
"""Calls a day of most subscriptions; the connection's extra ``daily_calls`` says otherwise."""
LOOK_EVERY = 100
"""Calls of a session after which it looks again how much of the day is used."""
CALLS, SECONDS = 12, 20.0
"""Calls in so many seconds: of the 50 that one integration may take, for each of four sessions."""
CENTRAL = ZoneInfo("America/Chicago")

RENEW = frozenset({"601", "602"})
PASSING = {
    **dict.fromkeys(("500", "502", "503", "604", "611"), 0.0),
    **dict.fromkeys(("608", "614", "713", "719"), 10.0),
    "606": SECONDS,
    "615": 2.0,
}
"""Code -> seconds to wait at least before the request is made again."""
NO_DATA = "702"
NOT_FOUND = frozenset({"610", "1013"})
REFUSALS = {
    "603": (
        "access_denied",
        "give the API user's role the permission (Read-Only Lead, Read-Only Activity) in Admin,"
        " Users & Roles, and this machine's address a place on the list in Admin, Web Services",
    ),
    "610": (
        "wrong_address",
        "the connection's host must be that of the REST endpoint in Admin, Web Services",
    ),
    "616": ("not_enabled", "the subscription's type does not include this; ask Marketo Support"),
    "703": ("not_enabled", "the feature is not enabled; ask Marketo Support to enable it"),
    **dict.fromkeys(
        ("1006", "1011"),
        (
            "field_not_visible",
            "a lead field cannot be exported; name those you want in the connection's extra fields",
        ),
    ),
    "1035": ("filter_unavailable", "the subscription does not support this filter"),
    "413": ("request_too_large", "name fewer fields in the connection's extra"),
    "414": ("uri_too_long", "the address of the request is too long"),
}
"""Code -> our name for it and the remedy."""
_CODE = re.compile(r"\d{3,4}\Z")
_RANGE = re.compile(r"bytes (\d+)-\d+/")


@dataclass
class Rate:
    """At most so many calls in so many seconds."""

    calls: int = CALLS
    seconds: float = SECONDS
    clock: Callable[[], float] = time.monotonic
    _made: deque[float] = field(default_factory=deque, init=False, repr=False)

    def wait(self) -> float:
        """Seconds until the next call may be made, which counts as made then."""
        now = self.clock()
        due = now
        if len(self._made) == self.calls:
            due = max(now, self._made.popleft() + self.seconds)
        self._made.append(due)
        return due - now


@dataclass
class Session(TokenSession):
    """Requests to one subscription."""

    source: ClassVar[str] = "Marketo"

    rate: Rate = field(default_factory=Rate, repr=False)
    _calls: int = field(default=0, init=False, repr=False)

    def login(self) -> None:
        """Get a token by client credentials.

        Raises ExtractError: login_refused, bad_connection.
        """
        given = self.connection
        if not (given.login and given.password):
            raise ExtractError(
                "bad_connection",
                f"{given.conn_id} needs the client id as login and its secret as password; both"
                " are in Admin, LaunchPoint, View Details of the custom service",
            )
        form = {
            "grant_type": "client_credentials",
            "client_id": given.login,
            "client_secret": given.password,
        }
        answer = self.token_answer(f"{given.address}/identity/oauth/token", form)
        token = answer.json().get("access_token") if answer.status_code == 200 else None
        if not token:
            raise ExtractError(
                "login_refused",
                f"{given.conn_id}: Marketo answers HTTP {answer.status_code}; check host, client id"
                " and secret against Admin, LaunchPoint and Admin, Web Services",
            )
        self._token = str(token)
        self._base = given.address

    def before(self, path: str) -> None:
        """Wait for this session's turn."""
        self._calls += 1
        pause = self.rate.wait()
        if pause > 0:
            self.patience.sleep(pause)

    def get(self, path: str, params: Mapping[str, str] | None = None) -> dict[str, Any]:
        """The document at a path; a question too long for an address is asked as a form."""
        try:
            return self._ask("GET", path, params=params)
        except ExtractError as error:
            if error.name != "uri_too_long":
                raise
        return self._ask("POST", f"{path}?_method=GET", data=params)

    def post(self, path: str, document: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """The document that answers a document."""
        return self._ask("POST", path, json=document or {})

    def fetch(self, path: str, to: Path, size: int, piece: int) -> None:
        """Bring a file of ``size`` bytes, in pieces, going on with what is there already."""

        def have() -> int:
            return to.stat().st_size if to.exists() else 0

        def wanted() -> dict[str, str]:
            start = have()
            span = f"bytes={start}-{min(start + piece, size) - 1}"
            # A range of a compressed answer would be one of other bytes.
            return {"Range": span, "Accept-Encoding": "identity"}

        def read(answer: httpx.Response) -> None:
            if answer.headers.get("Content-Type", "").startswith("application/json"):
                self._judged(path, answer)
                raise Transient("a file that is a document")
            named = _RANGE.match(answer.headers.get("Content-Range", ""))
            is_part = answer.status_code == 206 and named is not None
            # Whoever ignores the range sends the file from its beginning.
            start = int(named[1]) if is_part and named else 0
            if start > have():
                raise Transient("another range than asked for")
            save(answer, to, start)

        if have() > size:
            to.unlink()
        while (before := have()) < size:
            self.request("GET", path, read, wanted)
            if have() <= before:
                raise ExtractError("result_gone", f"{path}: the file is not the one announced")

    def usage(self) -> int | None:
        """Calls that the subscription made today; None where the user may not see them."""
        try:
            days = self.get("/rest/v1/stats/usage.json").get("result") or []
        except ExtractError as error:
            if error.name in ("access_denied", "not_enabled"):
                return None
            raise
        return sum(int(day["total"]) for day in days[-1:])

    def heed_usage(self) -> None:
        """Raise ExtractError(quota_low) where others need what is left of the day's calls."""
        self._calls = 0
        used, limit = self.usage(), self.daily_calls()
        if used is not None and used > DAY_SHARE * limit:
            raise ExtractError(
                "quota_low",
                f"{used} of the day's {limit} API calls are used, more than {DAY_SHARE:.0%}; the"
                f" quota begins anew at {self.quota_resets_at():%Y-%m-%d %H:%MZ}",
                self.quota_resets_at(),
            )

    def daily_calls(self) -> int:
        """The subscription's quota. Raises ExtractError(bad_connection)."""
        return int(self.connection.number("daily_calls", DAILY_CALLS))

    def quota_resets_at(self) -> datetime:
        """The next midnight in Central Time, by Marketo's clock, in UTC."""
        now = (self.answered_at or datetime.now(UTC)).astimezone(CENTRAL)
        tomorrow = now.date() + timedelta(days=1)
        return datetime.combine(tomorrow, clock_time(), CENTRAL).astimezone(UTC)

    def refuse(self, path: str, answer: httpx.Response) -> None:
        """What an HTTP status demands, or the code in the body."""
        status = answer.status_code
        if status == 401:
            raise TokenRefused
        if status in (404, 416) and path.endswith("/file.json"):
            raise ExtractError("result_gone", f"{path}: Marketo no longer keeps this file")
        if status in TRANSIENT:
            raise Transient(f"HTTP {status}", retry_after(answer))
        try:
            document = answer.json()
        except ValueError:
            document = {}
        code, message = _error(document)
        self._mean(path, code or str(status), message)

    def _ask(self, method: str, path: str, **what: Any) -> dict[str, Any]:
        if self._calls >= LOOK_EVERY:
            self.heed_usage()
        return self.request(method, path, lambda answer: self._judged(path, answer), **what)

    def _judged(self, path: str, answer: httpx.Response) -> dict[str, Any]:
        """The document of an answer that says it is a success."""
        document = json_of(answer)
        if not isinstance(document, dict) or "success" not in document:
            raise Transient("an answer that is not Marketo's")
        if document["success"] is not True:
            code, message = _error(document)
            if code != NO_DATA:
                self._mean(path, code, message)
        return document

    def _mean(self, path: str, code: str, message: str) -> NoReturn:
        """Raise what a code demands. The message's words choose among meanings, and stay here."""
        path = path.partition("?")[0]
        if code in RENEW:
            raise TokenRefused
        if code in PASSING:
            raise Transient(f"Marketo's code {code}", PASSING[code])
        if code == "607" or (code == "1029" and "quota" in message):
            resets = self.quota_resets_at()
            raise ExtractError(
                "quota_used_up",
                f"{path}: Marketo answers {code}: the day's quota is used up; it begins anew at"
                f" {resets:%Y-%m-%d %H:%MZ}, midnight in Central Time",
                resets,
            )
        if code == "1029":
            name = "job_queued" if "already" in message else "queue_full"
            raise ExtractError(
                name, f"{path}: Marketo answers 1029: ten export jobs are queued; wait for others"
            )
        if code in NOT_FOUND and "/export/" in path:
            raise ExtractError("result_gone", f"{path}: Marketo does not know this job any more")
        if code == "1003" and ("range" in message or "too many" in message):
            raise ExtractError(
                "window_too_large", f"{path}: Marketo answers 1003, too much at once"
            )
        name, remedy = REFUSALS.get(code, ("request_refused", "see Marketo's list of error codes"))
        raise ExtractError(name, f"{path}: Marketo answers {code or 'no code'}; {remedy}")


def _error(document: Any) -> tuple[str, str]:
    """Marketo's code and its message in small letters, which may repeat what was sent."""
    errors = document.get("errors") if isinstance(document, dict) else None
    first = errors[0] if isinstance(errors, list) and errors else {}
    code = str(first.get("code", "")) if isinstance(first, dict) else ""
    message = str(first.get("message", "")) if isinstance(first, dict) else ""
    return (code if _CODE.match(code) else ""), message.lower()
