"""Credentials of a source: an Airflow connection, in Airflow's own JSON or URI form."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from lead_handoff.addresses import is_private
from lead_handoff.extracts.errors import ExtractError


@dataclass(frozen=True)
class Connection:
    """How to reach a source. Nothing that could be a secret shows in its repr."""

    conn_id: str
    host: str
    login: str = field(default="", repr=False)
    password: str = field(default="", repr=False)
    extra: Mapping[str, Any] = field(default_factory=dict, repr=False)

    @property
    def address(self) -> str:
        """Base URL of the host, without a trailing slash.

        Raises ExtractError(unsafe_address) for plain http to anything but this machine.
        """
        return safe_address(self.host, self.conn_id)

    def listed(self, key: str) -> list[str] | None:
        """A list in the extra, also as text with commas; None where there is none."""
        given = self.extra.get(key)
        if given is None:
            return None
        if isinstance(given, str):
            given = given.split(",")
        return [str(name).strip() for name in given if str(name).strip()]

    def number(self, key: str, otherwise: float) -> float:
        """A number in the extra that is more than 0. Raises ExtractError(bad_connection)."""
        given = self.extra.get(key)
        try:
            number = otherwise if given is None or given == "" else float(given)
        except (TypeError, ValueError):
            number = 0.0
        if not 0 < number < float("inf"):
            raise ExtractError("bad_connection", f"{self.conn_id}: {key} must be a number above 0")
        return number


def safe_address(text: str, what: str) -> str:
    """A base URL that a token may be sent to. Raises ExtractError(unsafe_address)."""
    url = text if "://" in text else f"https://{text}"
    parts = urlsplit(url)
    if not parts.hostname or parts.username or not is_private(url):
        raise ExtractError(
            "unsafe_address", f"{what} must name a host that is reached by https, and no more"
        )
    return f"{parts.scheme}://{parts.netloc}"


def from_environment(conn_id: str) -> Connection:
    """The connection in the variable that Airflow reads too, AIRFLOW_CONN_<ID>.

    Raises ExtractError: no_connection, bad_connection. Neither quotes the variable's value.
    """
    variable = f"AIRFLOW_CONN_{conn_id.upper()}"
    text = os.environ.get(variable, "").strip()
    if not text:
        raise ExtractError(
            "no_connection", f"{variable} is not set; docs/connecting.md shows what it holds"
        )
    try:
        return _parsed(conn_id, text)
    except (ValueError, TypeError, AttributeError):
        pass
    # Raised outside the handler: the parser's own error quotes the text, and must not be chained.
    raise ExtractError(
        "bad_connection", f"{variable} is neither a connection's JSON nor its URI; correct it"
    )


def _parsed(conn_id: str, text: str) -> Connection:
    if text.startswith("{"):
        document = json.loads(text)
        extra = document.get("extra") or {}
        if isinstance(extra, str):
            extra = json.loads(extra)
        return Connection(
            conn_id,
            str(document.get("host") or ""),
            str(document.get("login") or ""),
            str(document.get("password") or ""),
            dict(extra),
        )
    parts = urlsplit(text)
    if not parts.scheme:
        raise ValueError
    given: dict[str, Any] = dict(parse_qsl(parts.query))
    if "__extra__" in given:
        given = json.loads(given["__extra__"])
    port = f":{parts.port}" if parts.port else ""
    return Connection(
        conn_id,
        f"{unquote(parts.hostname or '')}{port}",
        unquote(parts.username or ""),
        unquote(parts.password or ""),
        given,
    )
