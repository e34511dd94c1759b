"""A day of pulls beside another client: no limit is passed, and after an overload all comes.

Virtual time: every pause is as long as it would be, and the sources enforce their limits by it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from lead_handoff.extracts import hubspot_session, marketo_session
from lead_handoff.extracts.errors import ExtractError
from lead_handoff.extracts.http import Patience
from lead_handoff.extracts.pulling import Pace
from tests.simulators.limits import (
    Burst,
    Enforcing,
    EnforcingHubspot,
    EnforcingMarketo,
    EnforcingSalesforce,
    Limits,
    VirtualTime,
)
from tests.unit.extracts.folders import share_of
from tests.unit.extracts.sources import OBJECTS, Record, Source, serving

CENTRAL = ZoneInfo("America/Chicago")
ROUNDS = max(4, share_of(24))
"""How often in the day everything is pulled anew."""
AT_ONCE = 2
"""How often each object is pulled in a round, so that there is enough for all slots."""
SLOTS = 4
"""Objects that a night pulls at once."""
TRIES = 5
RECORDS = 30
PACE = Pace(page_rows=3, poll=1, longest=timedelta(days=30))


@dataclass(frozen=True)
class Allowed:
    """A source's limits. The day is small, so that few calls come near its end.

    ``pause``: seconds until a slot begins another object. A task of Airflow takes longer to begin;
    all objects of Marketo are begun at once, and another is by a retry, half a minute later.
    """

    handler: type[Enforcing]
    bursts: tuple[Burst, ...] = ()
    zone: ZoneInfo | None = None
    day: int = 10_000
    pause: float = 1.0


ALLOWED = {
    "salesforce": Allowed(EnforcingSalesforce),
    "marketo": Allowed(EnforcingMarketo, (Burst("rate", 100, 20),), CENTRAL, pause=30.0),
    # Bursts are an app's own, the day is the account's.
    "hubspot": Allowed(
        EnforcingHubspot,
        (
            Burst("rolling", 100, 10, is_shared=False),
            Burst("search", 4, 1, "/search", is_shared=False),
        ),
        ZoneInfo("Europe/Berlin"),
    ),
}


def half(_: object) -> float:
    return 0.5


@dataclass
class Day:
    """What a day was like."""

    limits: Limits
    errors: list[ExtractError]
    done: list[datetime]


def a_day(
    name: str,
    root: Path,
    start: datetime,
    rival_of_bursts: Callable[[datetime], float] = half,
    rival_of_day: Callable[[datetime, float], float] = lambda now, passed: 0.5 * passed,
    allowed: Allowed | None = None,
    rounds: int = ROUNDS,
) -> Day:
    """Pull everything anew in each round, as nights do: four objects at once, tried again."""
    allowed = allowed or ALLOWED[name]
    clock = VirtualTime(start)
    limits = Limits(clock, allowed.bursts, allowed.day, allowed.zone, rival_of_bursts, rival_of_day)
    day = Day(limits, [], [])
    stamps = [start - timedelta(hours=13 * n) for n in range(1, RECORDS)]
    records = [Record(n, at, at) for n, at in enumerate(stamps, start=1)]
    extra = {"daily_calls": allowed.day, "since": str((start - timedelta(days=80)).date())}
    jobs = deque(
        (86_400 * turn / rounds, of, root / f"{turn} {number}")
        for turn in range(rounds)
        for number, of in enumerate(OBJECTS[name] * AT_ONCE)
    )
    over = type("Limited", (allowed.handler,), {"limits": limits})
    with serving(name, OBJECTS[name][0], over=over) as source:
        source.world.page = 1  # of Marketo's deletions: many calls for few rows
        for of in OBJECTS[name]:
            replace(source, object=of).show(records, start)

        def slot() -> None:
            while jobs:
                at, of, into = jobs.popleft()
                clock.sleep(max(at - clock.seconds, allowed.pause))
                one = replace(source, object=of, extra=extra)
                pull_until_there(one, into, clock, day)
                done = into / name / of / str(start.date())
                assert set(one.numbers(done)) == {each.number for each in records}

        clock.run(*[slot] * SLOTS)
    return day


def pull_until_there(source: Source, root: Path, clock: VirtualTime, day: Day) -> None:
    """As the nightly DAG: tried again five times, or when a quota begins anew; else next night."""
    began, tries, night = clock.seconds, 0, clock.start.date()
    while True:
        try:
            source.pull(night, root, PACE, Patience(sleep=clock.sleep), clock.monotonic)
        except ExtractError as error:
            if not error.may_pass:
                raise
            day.errors.append(error)
        else:
            day.done.append(clock.now)
            return
        tries += 1
        resumes_at = day.errors[-1].resumes_at
        if resumes_at is not None:
            pause = (resumes_at - clock.now).total_seconds() + 30
        elif tries % TRIES:
            pause = min(60 * 2 ** (tries % TRIES - 1), 1800)
        else:
            pause = began + 86_400 * tries / TRIES - clock.seconds
        clock.sleep(pause)


@pytest.mark.parametrize("name", OBJECTS)
def test_no_call_is_refused_beside_a_client_that_takes_half(name: str, tmp_path: Path) -> None:
    day = a_day(name, tmp_path, datetime(2026, 5, 2, tzinfo=UTC))
    assert day.limits.refused == []
    assert day.errors == []
    assert len(day.done) == ROUNDS * len(OBJECTS[name]) * AT_ONCE
    assert day.limits.most_of_day <= 0.8
    assert day.limits.most["rate"] <= 50


@pytest.mark.parametrize("name", ["marketo", "hubspot"])
def test_a_client_that_takes_all_for_minutes_is_waited_for(name: str, tmp_path: Path) -> None:
    """Salesforce knows no limit of seconds."""
    start, busy = datetime(2026, 5, 2, tzinfo=UTC), timedelta(minutes=5)

    def rival(now: datetime) -> float:
        return 0.98 if (now - start) % timedelta(hours=1) < busy else 0.5

    shared = tuple(replace(each, is_shared=True) for each in ALLOWED[name].bursts)
    shared = tuple(replace(each, calls=each.calls * 2) for each in shared)
    allowed = replace(ALLOWED[name], bursts=shared)
    day = a_day(name, tmp_path, start, rival, allowed=allowed, rounds=3)
    assert day.limits.refused
    assert all(rival(at) > 0.5 for _, at in day.limits.refused)
    assert len(day.done) == 3 * len(OBJECTS[name]) * AT_ONCE
    assert all((at - start) % timedelta(hours=8) < timedelta(minutes=30) for at in day.done)
    assert {error.name for error in day.errors} <= {"source_unreachable"}


@pytest.mark.parametrize("name", OBJECTS)
def test_the_last_fifth_of_a_day_is_left_to_others(name: str, tmp_path: Path) -> None:
    allowed = replace(ALLOWED[name], day=700 if name == "marketo" else 450)
    day = a_day(name, tmp_path, datetime(2026, 5, 2, 5, tzinfo=UTC), allowed=allowed)
    assert {error.name for error in day.errors} == {"quota_low"}
    assert day.limits.refused == []
    assert len(day.done) == ROUNDS * len(OBJECTS[name]) * AT_ONCE
    # An attempt learns of it by a call or two. Marketo does not tell it beside other answers, and
    # a short pull that is under way comes to its end.
    calls = 30 if name == "marketo" else 2
    assert 0 < day.limits.late <= calls * len(day.errors)


# The days on which America's and Europe's clocks change, and one on which none does.
DAYS = {
    "salesforce": [date(2026, 5, 2)],
    "marketo": [date(2026, 3, 8), date(2026, 11, 1), date(2026, 5, 2)],
    "hubspot": [date(2026, 3, 29), date(2026, 10, 25), date(2026, 5, 2)],
}


def a_day_that_others_use_up(name: str, on: date, root: Path) -> tuple[Day, datetime]:
    """From its eighteenth hour nothing is left, and pulls begin. Also tells when it is over."""
    zone = ALLOWED[name].zone
    began = datetime.combine(on, time(), zone or UTC).astimezone(UTC)
    over = began + timedelta(days=1)
    if zone is not None:
        over = datetime.combine(on + timedelta(days=1), time(), zone).astimezone(UTC)

    def rival(now: datetime, passed: float) -> float:
        return 1.0 if now < over else 0.1

    start = began + timedelta(hours=18)
    return a_day(name, root, start, half, rival, rounds=1), over


@pytest.mark.parametrize(("name", "on"), [(name, on) for name in DAYS for on in DAYS[name]])
def test_a_used_up_day_ends_when_the_source_begins_another(
    name: str, on: date, tmp_path: Path
) -> None:
    day, over = a_day_that_others_use_up(name, on, tmp_path)
    assert len(day.done) == len(OBJECTS[name]) * AT_ONCE
    assert {error.name for error in day.errors} == {"quota_used_up"}
    assert max(at for _, at in day.limits.refused) < over < min(day.limits.answered_at)
    if name == "marketo":
        # It is known when that is: nobody asks in vain, or waits for longer than need be.
        assert len(day.errors) == SLOTS
        assert max(day.done) < over + timedelta(minutes=5)


def test_another_midnight_than_the_sources_would_be_noticed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for zone in ("UTC", "America/New_York", "America/Los_Angeles"):
        monkeypatch.setattr(marketo_session, "CENTRAL", ZoneInfo(zone))
        day, over = a_day_that_others_use_up("marketo", date(2026, 3, 8), tmp_path / zone)
        asked_in_vain = len(day.errors) > SLOTS
        waited_too_long = min(day.done) > over + timedelta(minutes=5)
        assert asked_in_vain or waited_too_long


@pytest.mark.parametrize("name", ["marketo", "hubspot"])
def test_a_pull_without_a_pace_would_be_noticed(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(marketo_session.Session, "before", lambda self, path: None)
    monkeypatch.setattr(hubspot_session.Session, "before", lambda self, path: None)
    day = a_day(name, tmp_path, datetime(2026, 5, 2, tzinfo=UTC), rounds=1)
    assert day.limits.refused
