"""A session with Salesforce: OAuth 2.0 login, errors and limits by name."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, ClassVar

import httpx

from lead_handoff.extracts.connection import safe_address
from lead_handoff.extracts.errors import ExtractError
from lead_handoff.extracts.http import TRANSIENT, Transient, download, json_of, retry_after
from lead_handoff.extracts.session import TokenRefused, TokenSession

API_VERSION = "63.0"
DAY_SHARE = 0.8
"""Share of the day's API requests after which a pull stops; people need the rest."""
LOCATOR_CODES = frozenset({"INVALID_QUERY_LOCATOR", "INVALIDLOCATOR", "INVALID_LOCATOR"})
TRANSIENT_CODES = frozenset(
    {"SERVER_UNAVAILABLE", "UNABLE_TO_LOCK_ROW", "CONCURRENT_API_REQUEST", "ServerError"}
)
QUOTA_CODES = frozenset({"REQUEST_LIMIT_EXCEEDED", "ExceededQuota"})
TOO_LARGE_CODES = frozenset({"QUERY_TIMEOUT", "OPERATION_TOO_LARGE", "Timeout"})
_USAGE = re.compile(r"api-usage=(\d+)/(\d+)")
_CODE = re.compile(r"[A-Za-z_]{1,60}\Z")


@dataclass
class Session(TokenSession):
    """Requests to one organisation."""

    source: ClassVar[str] = "Salesforce"

    def login(self) -> None:
        """Get a token by JWT bearer where a private key is given, else by client credentials.

        Raises ExtractError: login_refused with Salesforce's code, bad_connection.
        """
        address = self.connection.address
        answer = self.token_answer(f"{address}/services/oauth2/token", self._grant(address))
        if answer.status_code != 200:
            raise ExtractError(
                "login_refused",
                f"{self.connection.conn_id}: Salesforce answers {_code(answer)}; check the"
                " consumer key, its secret or certificate, and the app's run-as user",
            )
        document = answer.json()
        self._token = str(document["access_token"])
        self._base = safe_address(str(document["instance_url"]), "Salesforce's instance_url")

    def _grant(self, address: str) -> dict[str, str]:
        key = str(self.connection.extra.get("private_key") or "")
        if not key:
            if not (self.connection.login and self.connection.password):
                raise ExtractError(
                    "bad_connection",
                    f"{self.connection.conn_id} needs the consumer key as login and its secret as"
                    " password, or a private_key and a subject in its extra",
                )
            return {
                "grant_type": "client_credentials",
                "client_id": self.connection.login,
                "client_secret": self.connection.password,
            }
        import jwt

        claims = {
            "iss": self.connection.login,
            "sub": self.connection.extra.get("subject"),
            "aud": self.connection.extra.get("audience") or address,
            "exp": int(time.time()) + 180,
        }
        try:
            assertion = jwt.encode(claims, key, algorithm="RS256")
        except (ValueError, TypeError, jwt.PyJWTError):
            assertion = ""
        if not assertion:
            raise ExtractError(
                "bad_connection",
                f"{self.connection.conn_id}: private_key is no RSA key in PEM form",
            )
        return {"grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer", "assertion": assertion}

    def get(self, path: str, params: Mapping[str, str] | None = None) -> Any:
        """The JSON at a path below /services/data/v<version>, or at a path that was answered."""
        return self._ask("GET", path, json_of, params=params)

    def post(self, path: str, document: Mapping[str, str]) -> Any:
        """The JSON that answers a document."""
        return self._ask("POST", path, json_of, json=document)

    def fetch(
        self, path: str, params: Mapping[str, str], to: Path, check: Callable[[Path, Any], None]
    ) -> Any:
        """Stream an answer to a file and return its headers; ``check`` may raise Transient."""

        def save(answer: httpx.Response) -> Any:
            download(answer, to)
            check(to, answer.headers)
            return answer.headers

        return self._ask("GET", path, save, params=params)

    def server_time(self) -> datetime:
        """The source's clock."""

        def read(answer: httpx.Response) -> datetime:
            answer.read()
            return self.clock()

        moment: datetime = self._ask("GET", "/limits", read)
        return moment

    def _ask(
        self, method: str, path: str, read: Callable[[httpx.Response], Any], **what: Any
    ) -> Any:
        if not path.startswith("/") or path.startswith("//"):
            raise ExtractError("bad_answer", "Salesforce named a next page on another host")
        below = path if path.startswith("/services/") else f"/services/data/v{API_VERSION}{path}"

        def heedful(answer: httpx.Response) -> Any:
            if not path.endswith("/limits"):
                _heed_usage(answer)
            return read(answer)

        return self.request(method, below, heedful, **what)

    def refuse(self, path: str, answer: httpx.Response) -> None:
        """What an HTTP status or Salesforce's code demands."""
        if answer.status_code == 401:
            raise TokenRefused
        code = _code(answer)
        if code in QUOTA_CODES:
            raise ExtractError("quota_used_up", f"{path}: the day's requests are used up, {code}")
        if code in TOO_LARGE_CODES:
            raise ExtractError("window_too_large", f"{path}: Salesforce answers {code}")
        if code == "INVALID_FIELD":
            raise ExtractError(
                "field_not_visible",
                f"{path}: a field was removed or hidden since the pull began; run it again, and it"
                " asks for those that are left",
            )
        if answer.status_code in TRANSIENT or code in TRANSIENT_CODES:
            raise Transient(f"HTTP {answer.status_code}, {code}", retry_after(answer))
        is_result = "/query" in path and not path.endswith(("/query", "/queryAll"))
        if is_result and (code in LOCATOR_CODES or answer.status_code == 404):
            raise ExtractError("result_gone", f"{path}: Salesforce no longer keeps this result")
        raise ExtractError(
            "request_refused", f"{path}: Salesforce answers HTTP {answer.status_code}, {code}"
        )


def _code(answer: httpx.Response) -> str:
    """Salesforce's own error code; its free text could repeat what was sent, and is left out."""
    try:
        document = answer.json()
    except ValueError:
        return "no reason"
    if isinstance(document, list) and document:
        document = document[0]
    code = document.get("errorCode") or document.get("error") if isinstance(document, dict) else ""
    return code if isinstance(code, str) and _CODE.match(code) else "no reason"


def _heed_usage(answer: httpx.Response) -> None:
    match = _USAGE.search(answer.headers.get("Sforce-Limit-Info", ""))
    if match and int(match[1]) > DAY_SHARE * int(match[2]):
        raise ExtractError(
            "quota_low",
            f"{match[1]} of the day's {match[2]} API requests are used, more than"
            f" {DAY_SHARE:.0%}; the pull goes on with the next run",
        )
