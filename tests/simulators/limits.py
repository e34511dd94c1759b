"""Limits that a source enforces, and a time that passes only while everybody sleeps.

A day of pulls takes seconds so, and each pause is as long as it would be.
"""

from __future__ import annotations

import heapq
import math
from abc import abstractmethod
from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from itertools import count
from threading import Event, Thread
from typing import Any
from zoneinfo import ZoneInfo

from tests.simulators.faulty import FaultyHandler

DAY_SHARE = 0.8
"""Of the day, what a pull may use together with all others; calls beyond it are late."""


class VirtualTime:
    """Threads take turns: one runs until it sleeps, then the one that is due next goes on."""

    def __init__(self, start: datetime) -> None:
        self.start, self.seconds = start, 0.0
        self._due: list[tuple[float, int, Event]] = []
        self._order = count()

    @property
    def now(self) -> datetime:
        return self.start + timedelta(seconds=self.seconds)

    def monotonic(self) -> float:
        return self.seconds

    def sleep(self, seconds: float) -> None:
        turn = self._queue(seconds)
        self._pass_on()
        turn.wait()

    def run(self, *works: Callable[[], None]) -> None:
        """Run all at once, and raise the first error of any."""
        errors: list[BaseException] = []

        def wait_and_work(turn: Event, work: Callable[[], None]) -> None:
            turn.wait()
            try:
                work()
            except BaseException as error:
                errors.append(error)
            finally:
                self._pass_on()

        threads = [
            Thread(target=wait_and_work, args=(self._queue(0), work), daemon=True) for work in works
        ]
        for thread in threads:
            thread.start()
        self._pass_on()
        for thread in threads:
            thread.join()
        if errors:
            raise errors[0]

    def _queue(self, seconds: float) -> Event:
        turn = Event()
        heapq.heappush(self._due, (self.seconds + max(0.0, seconds), next(self._order), turn))
        return turn

    def _pass_on(self) -> None:
        if self._due:
            due, _, turn = heapq.heappop(self._due)
            self.seconds = max(self.seconds, due)
            turn.set()


@dataclass(frozen=True)
class Burst:
    """At most so many calls of some kind in any so many seconds, by all clients or by each."""

    name: str
    calls: int
    seconds: float
    kind: str = ""
    is_shared: bool = True


@dataclass
class Limits:
    """What a source allows, what its other client takes of it, and what it saw.

    The day ends at midnight in ``zone``; without one it is the last 24 hours. ``rival_of_bursts``
    and ``rival_of_day`` are shares of what is allowed: in any window now, and of the day by now, of
    which a share has passed.
    """

    time: VirtualTime
    bursts: tuple[Burst, ...]
    day: int
    zone: ZoneInfo | None
    rival_of_bursts: Callable[[datetime], float]
    rival_of_day: Callable[[datetime, float], float]
    refused: list[tuple[str, datetime]] = field(default_factory=list)
    answered_at: list[datetime] = field(default_factory=list)
    most: Counter[str] = field(default_factory=Counter)
    most_of_day: float = 0.0
    late: int = 0
    _made: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))

    def began(self) -> datetime:
        """When the day began."""
        if self.zone is None:
            return self.time.now - timedelta(days=1)
        today = self.time.now.astimezone(self.zone).date()
        return datetime.combine(today, time(), self.zone).astimezone(UTC)

    def ends(self) -> datetime:
        """When the next day begins, for a day that has a midnight."""
        tomorrow = self.time.now.astimezone(self.zone).date() + timedelta(days=1)
        return datetime.combine(tomorrow, time(), self.zone).astimezone(UTC)

    def used(self) -> int:
        """Calls of both clients today."""
        began = (self.began() - self.time.start).total_seconds()
        passed = 1.0
        if self.zone is not None:
            passed = (self.time.now - self.began()) / (self.ends() - self.began())
        return self._since(began, "day") + int(self.rival_of_day(self.time.now, passed) * self.day)

    def refusal(self, path: str) -> str | None:
        """The limit that a call passes, which is then not counted; None where there is room."""
        now = self.time.seconds
        bursts = [each for each in self.bursts if each.kind in path]
        for burst in bursts:
            rival = self.rival_of_bursts(self.time.now) if burst.is_shared else 0.0
            # A call at the very beginning of the window is not in it any more.
            ours = self._since(math.nextafter(now - burst.seconds, math.inf), burst.name) + 1
            if ours > burst.calls * (1 - rival):
                self.refused.append((burst.name, self.time.now))
                return burst.name
            self.most[burst.name] = max(self.most[burst.name], ours)
        if self.used() >= self.day:
            self.refused.append(("day", self.time.now))
            return "day"
        for name in ("day", *(burst.name for burst in bursts)):
            self._made[name].append(now)
        share = self.used() / self.day
        self.most_of_day = max(self.most_of_day, share)
        self.late += share > DAY_SHARE
        self.answered_at.append(self.time.now)
        return None

    def _since(self, began: float, name: str) -> int:
        made = self._made[name]
        return len(made) - bisect_left(made, began)


class Enforcing(FaultyHandler):
    """Lies over a source's handler; a request for a token counts for nothing."""

    limits: Limits

    def answer(self, body: str) -> None:
        limits, world = self.limits, self.world
        world.now = limits.time.now
        passed = None if "/oauth" in self.path else limits.refusal(self.path)
        self.tell(world, limits.used(), limits.day)
        if passed is None:
            super().answer(body)
        else:
            self.refuse_for(passed)

    @abstractmethod
    def tell(self, world: Any, used: int, day: int) -> None:
        """Say how much of the day is used, as the source does."""

    @abstractmethod
    def refuse_for(self, limit: str) -> None:
        """Refuse a call, as the source does."""


class EnforcingSalesforce(Enforcing):
    def tell(self, world: Any, used: int, day: int) -> None:
        world.usage = (used, day)

    def refuse_for(self, limit: str) -> None:
        self.refuse(403, "REQUEST_LIMIT_EXCEEDED")  # type: ignore[attr-defined]


class EnforcingMarketo(Enforcing):
    def tell(self, world: Any, used: int, day: int) -> None:
        world.used = used

    def refuse_for(self, limit: str) -> None:
        codes = {"rate": ("606", "Max rate limit exceeded"), "day": ("607", "Daily quota reached")}
        self.refuse(*codes[limit])  # type: ignore[attr-defined]


class EnforcingHubspot(Enforcing):
    def tell(self, world: Any, used: int, day: int) -> None:
        world.daily = (day, max(0, day - used))

    def refuse_for(self, limit: str) -> None:
        policy = {"day": "DAILY", "search": "SECONDLY"}.get(limit, "TEN_SECONDLY_ROLLING")
        more = {"errorType": "RATE_LIMIT", "policyName": policy}
        self.refuse(429, "RATE_LIMITS", **more)  # type: ignore[attr-defined]
