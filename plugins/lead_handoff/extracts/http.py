"""HTTP with patience: what may pass by itself is tried again, what may not is an error by name."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import httpx
import tenacity

from lead_handoff.extracts.errors import ExtractError

Result = TypeVar("Result")

TRANSIENT = frozenset({408, 429, 500, 502, 503, 504})
LONGEST_WAIT = 300.0
"""Seconds; a source that asks for a longer pause is left to the next run."""


class Transient(Exception):
    """A request failed in a way that a later attempt may not."""

    def __init__(self, what: str, wait: float = 0.0) -> None:
        super().__init__(what)
        self.wait = wait


@dataclass(frozen=True)
class Patience:
    """How often and how long to try: pauses double from ``first`` seconds, with full jitter."""

    attempts: int = 8
    first: float = 1.0
    timeout: float = 60.0
    sleep: Callable[[float], None] = field(default=time.sleep, repr=False)

    def call(self, what: str, attempt: Callable[[], Result]) -> Result:
        """The result of ``attempt``, tried again after Transient and after network errors.

        Raises ExtractError(source_unreachable) after the last attempt.
        """
        spread = tenacity.wait_random_exponential(multiplier=self.first, max=LONGEST_WAIT)

        def wait(state: tenacity.RetryCallState) -> float:
            error = state.outcome.exception() if state.outcome else None
            return max(float(spread(state)), error.wait if isinstance(error, Transient) else 0.0)

        retrying = tenacity.Retrying(
            stop=tenacity.stop_after_attempt(self.attempts),
            wait=wait,
            retry=tenacity.retry_if_exception_type((Transient, httpx.TransportError)),
            sleep=self.sleep,
            reraise=True,
        )
        try:
            return retrying(attempt)
        except (Transient, httpx.TransportError) as error:
            last = str(error) if isinstance(error, Transient) else type(error).__name__
        # A transport error carries its request, and the request its token: it is not chained.
        raise ExtractError(
            "source_unreachable",
            f"{what} failed {self.attempts} times, at last with {last}; the next attempt goes on"
            " where this one ended",
        )


def retry_after(response: httpx.Response) -> float:
    """Seconds that the source asks to wait, 0 where it does not say.

    Raises ExtractError(source_busy) where it is longer than a run should wait.
    """
    try:
        seconds = float(response.headers.get("Retry-After", "0"))
    except ValueError:
        return 0.0
    if seconds > LONGEST_WAIT:
        raise ExtractError(
            "source_busy", f"the source asks for a pause of {seconds:.0f} s; run again after it"
        )
    return max(seconds, 0.0)


@contextmanager
def client(patience: Patience) -> Iterator[httpx.Client]:
    """A client that follows no redirect: a token goes to the host it was issued for."""
    with httpx.Client(timeout=patience.timeout, follow_redirects=False, trust_env=True) as made:
        yield made


def download(response: httpx.Response, path: Path) -> None:
    """Write a streamed answer to a file, whole or not at all; memory stays at one chunk."""
    part = path.with_name(path.name + ".part")
    save(response, part, 0)
    part.replace(path)


def save(response: httpx.Response, path: Path, start: int) -> None:
    """Write a streamed answer into a file from a position on, as far as it comes."""
    with path.open("r+b" if start else "wb") as file:
        file.truncate(start)
        file.seek(start)
        # Pieces as they arrive: gathered into larger ones, what came before a cut would be lost.
        for chunk in response.iter_bytes():
            file.write(chunk)


def json_of(response: httpx.Response) -> Any:
    """The answer's JSON. Raises Transient where it is none, as a proxy's page is not."""
    try:
        response.read()
        return response.json()
    except ValueError:
        raise Transient("an answer that is not JSON") from None
