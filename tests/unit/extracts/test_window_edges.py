"""What lies at the edge of a window is pulled, however the source's clocks differ and commits lag.

The cursor is the stamp of a record, and it is read by a clock that may not be the one that gave the
stamp; a record shows its stamp only when its transaction is committed, up to half an hour later.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise, product
from pathlib import Path

import pytest

from lead_handoff.extracts.pulling import Pace
from tests.unit.extracts.sources import PACES, Record, Source, serving

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


@pytest.fixture(params=["salesforce", "marketo", "hubspot"])
def source(request: pytest.FixtureRequest) -> Iterator[Source]:
    main = {"salesforce": "Lead", "marketo": "activities", "hubspot": "contacts"}
    with serving(request.param, main[request.param]) as source:
        # Where pages meet is a matter of other tests.
        source.world.page = 300
        yield source


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
    folders = []
    for night, skew in zip(nights, (*skews, timedelta(0)), strict=True):
        source.show(records, night, skew)
        done = source.pull(night.date(), root, pace)
        assert done is not None
        folders.append(done.folder)
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
