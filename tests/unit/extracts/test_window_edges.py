"""What lies at the edge of a window is pulled, however the source's clocks differ and commits lag.

The cursor is the stamp of a record, and it is read by a clock that may not be the one that gave the
stamp; a record shows its stamp only when its transaction is committed, up to half an hour later.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise, product
from pathlib import Path
from typing import Any

import pytest

from lead_handoff.extracts import hubspot, marketo, salesforce
from lead_handoff.extracts.connection import Connection
from lead_handoff.extracts.http import Patience
from lead_handoff.extracts.marketo_session import Rate
from lead_handoff.extracts.pulling import Pace
from lead_handoff.landing.catalogue import CATALOGUE
from tests.simulators import hubspot as hubspot_simulator
from tests.simulators import marketo as marketo_simulator
from tests.simulators import salesforce as salesforce_simulator
from tests.simulators.hubspot import Account
from tests.simulators.marketo import Subscription
from tests.simulators.salesforce import Organisation
from tests.unit.extracts.folders import rows_of

# Nights around the clock change of New York and the end of a leap February.
NIGHTS = {
    "clock change": datetime(2026, 3, 8, 7, tzinfo=UTC),
    "leap day": datetime(2028, 2, 29, 0, 5, tzinfo=UTC),
    "new year": datetime(2027, 1, 1, 0, 5, tzinfo=UTC),
}
SKEWS = [timedelta(minutes=each) for each in (-10, 0, 10)]
COMMIT_LAGS = [timedelta(minutes=each) for each in (0, 1, 10, 30)]
NEAR = [timedelta(0), timedelta(microseconds=1), timedelta(seconds=1), timedelta(minutes=10)]
OFFSETS = sorted({sign * each for sign in (-1, 1) for each in NEAR})
QUICK = Patience(attempts=2, first=0.0001, timeout=5, sleep=lambda _: None)
PACES = {
    "salesforce": replace(Pace(), poll=0),
    "marketo": replace(marketo.PACE, poll=0),
    "hubspot": hubspot.PACE,
}


@dataclass(frozen=True)
class Record:
    """A record: its number, its stamp, and when others see it."""

    number: int
    stamp: datetime
    seen_from: datetime


@dataclass(frozen=True)
class Source:
    """A simulated source whose records have nothing but a number and a stamp."""

    name: str
    object: str
    world: Any
    session: Any

    def pull(
        self, records: list[Record], now: datetime, skew: timedelta, root: Path, pace: Pace
    ) -> Any:
        """Pull a night: the source shows what was committed by now, and another time than now."""
        self.world.now = now + skew
        seen = [each for each in records if each.seen_from <= now]
        if self.name == "salesforce":
            self.world.records = {self.object: [self.row(each) for each in seen]}
            return salesforce.pull(self.session, self.object, now.date(), root, pace)
        if self.name == "hubspot":
            self.world.records = {self.object: [self.record(each) for each in seen]}
            return hubspot.pull(self.session, self.object, now.date(), root, pace)
        self.world.activities = [self.row(each) for each in seen]
        return marketo.pull(self.session, self.object, now.date(), root, pace)

    def row(self, record: Record) -> dict[str, Any]:
        spec = CATALOGUE[self.name][self.object]
        row: dict[str, Any] = dict.fromkeys([each.name for each in spec.columns], "x")
        row |= {spec.key: str(record.number), spec.stamps[0]: record.stamp.isoformat()}
        return row | ({} if self.name == "salesforce" else {"activityTypeId": 13, "attributes": {}})

    def record(self, record: Record) -> dict[str, Any]:
        """A record of HubSpot; half of them were archived at their stamp, and not changed then."""
        at = record.stamp.isoformat()
        archived = (record.number // len(COMMIT_LAGS) + record.number) % 2 == 1
        changed = (record.stamp - timedelta(days=100)).isoformat() if archived else at
        names = [each.name for each in CATALOGUE[self.name][self.object].columns]
        return {
            "id": str(record.number),
            "createdAt": changed,
            "updatedAt": changed,
            "archived": archived,
            "archivedAt": at if archived else None,
            "properties": dict.fromkeys(names, "x") | {"lastmodifieddate": changed},
        }

    def numbers(self, folder: Path) -> list[int]:
        return [int(str(row[CATALOGUE[self.name][self.object].key])) for row in rows_of(folder)]


@pytest.fixture(params=["salesforce", "marketo", "hubspot"])
def source(request: pytest.FixtureRequest) -> Iterator[Source]:
    if request.param == "salesforce":
        org = Organisation({})
        with salesforce_simulator.serving(org) as address:
            given = Connection("salesforce_default", address, org.client_id, org.client_secret)
            with salesforce.session(given, QUICK) as session:
                yield Source("salesforce", "Lead", org, session)
        return
    if request.param == "hubspot":
        account = Account({})
        with hubspot_simulator.serving(account) as address:
            given = Connection("hubspot_default", address, password=account.token)
            with hubspot.session(given, QUICK) as session:
                yield Source("hubspot", "contacts", account, session)
        return
    world = Subscription([], [])
    with marketo_simulator.serving(world) as address:
        extra = {"since": "2026-02-20"}
        given = Connection("marketo_default", address, world.client_id, world.client_secret, extra)
        with marketo.session(given, QUICK) as session:
            session.rate = Rate(100_000)
            yield Source("marketo", "activities", world, session)


def edges(night: datetime, skew: timedelta, pace: Pace) -> list[datetime]:
    """The moments at which a pull may go wrong: the ends of its window, and the time it is."""
    until = night + skew - pace.lag
    return [until, until - pace.overlap, night, night + skew]


def around(moments: list[datetime]) -> list[Record]:
    """Records a little before, at and after each moment, seen at once or after their commit."""
    return [
        Record(number, moment + offset, moment + offset + lag)
        for number, (moment, offset, lag) in enumerate(
            product(moments, OFFSETS, COMMIT_LAGS), start=1
        )
    ]


def pulled(
    source: Source, first: datetime, skews: tuple[timedelta, timedelta], root: Path, pace: Pace
) -> tuple[list[Record], list[Path]]:
    """Three nights, of which the first two have records all around their edges."""
    nights = [first, first + timedelta(days=1), first + timedelta(days=2)]
    moments = [at for n in (0, 1) for at in edges(nights[n], skews[n], pace)]
    old = Record(10_000, first - timedelta(days=2), first - timedelta(days=2))
    records = [old, *around(moments)]
    folders = [
        source.pull(records, night, skew, root, pace).folder
        for night, skew in zip(nights, (*skews, timedelta(0)), strict=True)
    ]
    return records, folders


def window(folder: Path) -> tuple[datetime | None, datetime]:
    text = json.loads((folder / "manifest.json").read_text())["window"]
    since = datetime.fromisoformat(text["since"]) if text["since"] else None
    return since, datetime.fromisoformat(text["until"])


@pytest.mark.parametrize("first", NIGHTS.values(), ids=NIGHTS)
def test_every_record_at_an_edge_comes_and_none_from_beyond_the_overlap(
    first: datetime, source: Source, tmp_path: Path
) -> None:
    pace, cases = PACES[source.name], 0
    for at, skews in enumerate(product(SKEWS, SKEWS)):
        records, folders = pulled(source, first, skews, tmp_path / str(at), pace)
        brought = [source.numbers(folder) for folder in folders]
        assert {n for each in brought for n in each} == {each.number for each in records}
        assert all(len(each) == len(set(each)) for each in brought)
        stamps = {each.number: each.stamp for each in records}
        for (before, after), numbers in zip(pairwise(folders), brought[1:], strict=True):
            (_, reached), (since, until) = window(before), window(after)
            assert since == reached - pace.overlap
            assert all(since <= stamps[n] <= until for n in numbers)
        cases += len(records)
    assert cases >= 400


def test_a_shorter_overlap_would_lose_records(source: Source, tmp_path: Path) -> None:
    pace = replace(PACES[source.name], overlap=timedelta(minutes=20))
    skews = (timedelta(minutes=10), timedelta(0))
    records, folders = pulled(source, NIGHTS["leap day"], skews, tmp_path, pace)
    brought = {n for folder in folders for n in source.numbers(folder)}
    assert brought < {each.number for each in records}
