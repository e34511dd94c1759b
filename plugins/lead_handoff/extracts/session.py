"""A session with a source: a token that is renewed, a clock that is the source's, and no secrets.

What differs from source to source (how to log in, what an error looks like) is left to its own
session.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, ClassVar, TypeVar
from urllib.parse import urlsplit

import httpx

from lead_handoff.extracts.connection import Connection
from lead_handoff.extracts.errors import ExtractError
from lead_handoff.extracts.http import (
    TRANSIENT,
    Patience,
    Transient,
    client,
    json_of,
    retry_after,
)

Result = TypeVar("Result")

RENEWALS = 3
"""How often one request may ask for a new token before it is refused for good."""


class TokenRefused(Exception):
    """The token is not valid any more."""


@dataclass
class TokenSession(ABC):
    """Requests to one account. The token is kept here alone and never shown."""

    source: ClassVar[str]

    connection: Connection
    http: httpx.Client = field(repr=False)
    patience: Patience = field(default_factory=Patience)
    answered_at: datetime | None = field(default=None, init=False)
    _token: str = field(default="", init=False, repr=False)
    _base: str = field(default="", init=False)

    @abstractmethod
    def login(self) -> None:
        """Get a token and the address that requests go to.

        Raises ExtractError: login_refused with the source's code, bad_connection.
        """

    @abstractmethod
    def refuse(self, path: str, answer: httpx.Response) -> None:
        """Raise what an answer that is no success means: TokenRefused, Transient, ExtractError."""

    def before(self, path: str) -> None:  # noqa: B027 - most sources need no pace
        """Keep to the source's pace; called before every request, with its path."""

    def request(
        self,
        method: str,
        path: str,
        read: Callable[[httpx.Response], Result],
        headers: Callable[[], dict[str, str]] = dict,
        **what: Any,
    ) -> Result:
        """What ``read`` makes of the answer; it may raise Transient or TokenRefused as well.

        ``headers`` is asked anew for each attempt.
        """
        shown = urlsplit(path).path
        renewed = 0

        def attempt() -> Result:
            nonlocal renewed
            if not self._token:
                self.login()
            self.before(shown)
            bearer = {"Authorization": f"Bearer {self._token}", **headers()}
            try:
                with self.http.stream(method, self._base + path, headers=bearer, **what) as answer:
                    self._note_time(answer)
                    if not answer.is_success:
                        answer.read()
                        self.refuse(shown, answer)
                    return read(answer)
            except TokenRefused:
                self._token = ""
                renewed += 1
            if renewed > RENEWALS:
                raise ExtractError(
                    "token_refused",
                    f"{shown}: {self.source} refuses tokens that it has just given; see whether"
                    " the user or the app was blocked, or its session policy changed",
                )
            raise Transient("a token that is not valid any more")

        return self.patience.call(f"{method} {shown}", attempt)

    def token_answer(self, address: str, form: dict[str, str]) -> httpx.Response:
        """What the source answers to a request for a token.

        The form goes in the body: an address would be logged.
        """

        def attempt() -> httpx.Response:
            answer = self.http.post(address, data=form)
            if answer.status_code in TRANSIENT:
                raise Transient(f"HTTP {answer.status_code}", retry_after(answer))
            if answer.status_code == 200:
                json_of(answer)
            return answer

        return self.patience.call("the login", attempt)

    def clock(self) -> datetime:
        """The source's clock at its last answer: this machine's may be wrong.

        Raises ExtractError(bad_answer) where that had no date.
        """
        if self.answered_at is None:
            raise ExtractError("bad_answer", f"{self.source} answers without a date")
        return self.answered_at

    def _note_time(self, answer: httpx.Response) -> None:
        try:
            self.answered_at = parsedate_to_datetime(answer.headers["Date"]).astimezone(UTC)
        except (KeyError, ValueError):
            self.answered_at = None


AnySession = TypeVar("AnySession", bound=TokenSession)


@contextmanager
def opened(
    kind: type[AnySession], connection: Connection, patience: Patience | None = None
) -> Iterator[AnySession]:
    """A session of a source's kind that ends with the block."""
    patience = patience or Patience()
    with client(patience) as http:
        yield kind(connection, http, patience)
