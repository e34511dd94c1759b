"""A session with HubSpot: a service key or OAuth, limits and errors by name."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

import httpx

from lead_handoff.extracts.errors import ExtractError
from lead_handoff.extracts.http import TRANSIENT, Transient, json_of, retry_after
from lead_handoff.extracts.session import TokenRefused, TokenSession

API = "2026-09"
"""The dated version of HubSpot's API, which stands in every path. Each is supported for eighteen
months, the numbered ones (v3, v4) until 2027: HubSpot's "Legacy API migration guide"."""
DAY_SHARE = 0.8
"""Share of the day's requests after which a pull stops; people and other apps need the rest."""
INTERVAL = 0.45
"""Seconds between requests of one object. A night pulls four at once, which together keep to a
hundred requests in ten seconds, with some room for requests that arrive closer than they left."""
SEARCH_INTERVAL = 1.05
"""Seconds between searches of one object: of all together four or five a second are allowed."""
PAUSES = {"SECONDLY": 1.0, "TEN_SECONDLY_ROLLING": 10.0}
"""Name of the limit that was reached -> seconds until it may be tried again, if none are named."""
ALSO_TRANSIENT = frozenset({423, 477, 521, 522, 523, 524})
"""Locked, moving to another data centre, and what stands in front of HubSpot."""
_UNLISTED = "paging through deleted objects is not yet supported"
_WORD = re.compile(r"[A-Za-z0-9._-]{1,80}\Z")


@dataclass
class Session(TokenSession):
    """Requests to one account."""

    source: ClassVar[str] = "HubSpot"

    monotonic: Callable[[], float] = field(default=time.monotonic, repr=False)
    daily: tuple[int, int] | None = field(default=None, init=False)
    _asked_at: float = field(default=float("-inf"), init=False, repr=False)
    _searched_at: float = field(default=float("-inf"), init=False, repr=False)

    @property
    def is_oauth(self) -> bool:
        """Whether tokens are renewed; a service key or private app has one that does not change."""
        return bool(self.connection.extra.get("refresh_token"))

    def login(self) -> None:
        """Take the key of the connection, or get a token by the refresh token.

        Raises ExtractError: login_refused, bad_connection.
        """
        given = self.connection
        if not self.is_oauth:
            if not given.password:
                raise ExtractError(
                    "bad_connection",
                    f"{given.conn_id} needs a service key as password, or a refresh_token in its"
                    " extra with the client id as login and its secret as password",
                )
            self._token, self._base = given.password, given.address
            return
        form = {
            "grant_type": "refresh_token",
            "client_id": given.login,
            "client_secret": given.password,
            "refresh_token": str(given.extra["refresh_token"]),
        }
        answer = self.token_answer(f"{given.address}/oauth/{API}/token", form)
        token = answer.json().get("access_token") if answer.status_code == 200 else None
        if not token:
            raise ExtractError(
                "login_refused",
                f"{given.conn_id}: HubSpot answers HTTP {answer.status_code}; check client id,"
                " secret and refresh token, and whether the app is still installed",
            )
        self._token, self._base = str(token), given.address

    def before(self, path: str) -> None:
        """Keep an even pace, of which four together are what HubSpot allows."""
        is_search = path.endswith("/search")
        due = self._asked_at + INTERVAL
        if is_search:
            due = max(due, self._searched_at + SEARCH_INTERVAL)
        pause = due - self.monotonic()
        if pause > 0:
            self.patience.sleep(pause)
        self._asked_at = self.monotonic()
        if is_search:
            self._searched_at = self._asked_at

    def get(self, path: str, params: Mapping[str, str] | None = None) -> dict[str, Any]:
        """The document at a path."""
        return self._ask("GET", path, params=params)

    def post(
        self,
        path: str,
        document: Mapping[str, Any],
        check: Callable[[dict[str, Any]], object] = lambda answer: None,
    ) -> dict[str, Any]:
        """The document that answers a document; ``check`` may raise Transient or look in vain."""
        return self._ask("POST", path, check, json=document)

    def heed_usage(self) -> None:
        """Raise ExtractError(quota_low) where others need what is left of the day's requests.

        HubSpot does not say in every answer how many are left.
        """
        if self.daily is None:
            return
        limit, left = self.daily
        if left < (1 - DAY_SHARE) * limit:
            raise ExtractError(
                "quota_low",
                f"only {left} of the day's {limit} API requests are left, less than"
                f" {1 - DAY_SHARE:.0%}; HubSpot counts anew at midnight in the account's time zone",
            )

    def refuse(self, path: str, answer: httpx.Response) -> None:
        """What an HTTP status or HubSpot's category demands."""
        status, document = answer.status_code, _document(answer)
        category = _word(document.get("category"))
        if status == 401:
            if self.is_oauth:
                raise TokenRefused
            raise ExtractError(
                "token_refused",
                f"{path}: HubSpot does not accept the service key or token ({category}); copy it"
                " again from Settings, Integrations, Service Keys: rotating it ends the old one",
            )
        if status == 403:
            raise ExtractError("scope_missing", f"{path}: {_scopes(document, category)}")
        if status == 429:
            policy = _word(document.get("policyName"))
            if policy == "DAILY":
                raise ExtractError(
                    "quota_used_up",
                    f"{path}: the day's API requests are used up; HubSpot counts anew at midnight"
                    " in the account's time zone",
                )
            raise Transient(f"HTTP 429, {policy}", retry_after(answer) or PAUSES.get(policy, 1.0))
        if status in TRANSIENT or status in ALSO_TRANSIENT:
            raise Transient(f"HTTP {status}, {category}", retry_after(answer))
        # The words choose among meanings, and stay here: they may repeat what was sent.
        if status == 400 and _UNLISTED in str(document.get("message")).lower():
            raise ExtractError("archived_not_listed", f"{path}: HubSpot lists none of those")
        raise ExtractError("request_refused", f"{path}: HubSpot answers HTTP {status}, {category}")

    def _ask(
        self,
        method: str,
        path: str,
        check: Callable[[dict[str, Any]], object] = lambda answer: None,
        **what: Any,
    ) -> dict[str, Any]:
        def read(answer: httpx.Response) -> dict[str, Any]:
            document = json_of(answer)
            self._note_usage(answer.headers)
            if not isinstance(document, dict) or not isinstance(document.get("results"), list):
                raise Transient("an answer that is not HubSpot's")
            try:
                check(document)
            except (KeyError, TypeError, ValueError, AttributeError):
                raise Transient("an answer of another form") from None
            return document

        document = self.request(method, path, read, **what)
        self.heed_usage()
        return document

    def _note_usage(self, headers: httpx.Headers) -> None:
        try:
            self.daily = (
                int(headers["X-HubSpot-RateLimit-Daily"]),
                int(headers["X-HubSpot-RateLimit-Daily-Remaining"]),
            )
        except (KeyError, ValueError):
            # A search does not say; what another answer said still holds.
            return


def _document(answer: httpx.Response) -> dict[str, Any]:
    try:
        document = answer.json()
    except ValueError:
        return {}
    return document if isinstance(document, dict) else {}


def _word(value: object) -> str:
    """A name of HubSpot's own; free text could repeat what was sent, and is left out."""
    return value if isinstance(value, str) and _WORD.match(value) else "no reason"


def _scopes(document: dict[str, Any], category: str) -> str:
    """Which scopes an answer says are missing."""
    found: list[str] = []
    for error in document.get("errors") or []:
        context = error.get("context") if isinstance(error, dict) else None
        for names in (context or {}).values() if isinstance(context, dict) else ():
            found += [_word(name) for name in names] if isinstance(names, list) else []
    scopes = ", ".join(name for name in dict.fromkeys(found) if name != "no reason")
    if not scopes:
        return f"HubSpot refuses access ({category}); see the key's scopes and its owner's rights"
    return f"the service key or app needs the scope {scopes}; add it to its scopes"
