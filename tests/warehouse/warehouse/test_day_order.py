"""The database's order of what has no time of day, compared with the reference's."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random
from types import SimpleNamespace
from typing import Any

import psycopg
import pytest
from jinja2 import Environment

from lead_handoff import settings
from tests.oracle.day_order import FEW, fewest_breaks, heads_first, in_days, one_after_the_other
from tests.oracle.times_of_day import Day

MACROS = settings.project_root() / "dbt_project" / "macros" / "cross_db"
MONDAY = datetime(2026, 4, 6, tzinfo=UTC)


@dataclass(eq=False)
class Item:
    """A change, or an event of a record."""

    key: int
    occurred_at: datetime
    day: Day | None
    old: str | None = None
    new: str | None = None
    record: int = 1
    place: int = 0

    @property
    def second(self) -> datetime:
        return self.day.start if self.day else self.occurred_at

    @property
    def last_second(self) -> datetime:
        return self.day.last if self.day else self.occurred_at


@pytest.fixture(scope="module")
def connection(module_warehouse: Any) -> Iterator[psycopg.Connection[Any]]:
    """A database that has the functions and nothing else."""
    environment = Environment(autoescape=False)  # noqa: S701  (SQL, not HTML)
    environment.globals["target"] = SimpleNamespace(schema="pg_temp")
    text = (MACROS / "chain_order.sql").read_text() + (MACROS / "day_order.sql").read_text()
    macros = environment.from_string(text).module
    with psycopg.connect(module_warehouse.url("owner"), autocommit=True) as connection:
        for name in ("chain_order", "order_within_seconds", "order_within_day"):
            connection.execute(str(getattr(macros, f"create_{name}_function")()))
        connection.execute(str(macros.create_order_within_days_function()))
        connection.execute(str(macros.create_merge_days_function()))
        yield connection


def drawn(random: Random, size: int, values: list[str | None], records: int) -> list[Item]:
    """Items of a few days, of which some have no time of day; some days begin four hours later."""
    items = []
    bare = random.choice((0.2, 0.5, 0.8))
    for key in range(size):
        start = MONDAY + timedelta(days=random.randrange(3), hours=random.choice((0, 0, 0, 4)))
        day = Day(start, start + timedelta(days=1)) if random.random() < bare else None
        at = start if day else start + timedelta(hours=random.randrange(24), minutes=1)
        item = Item(key, at, day, random.choice(values), random.choice(values))
        item.record = random.randint(1, records)
        items.append(item)
    return sorted(items, key=lambda item: (item.second, item.last_second, item.key))


def places_of(items: list[Item], ordered: list[Item]) -> list[int]:
    return [ordered.index(item) + 1 for item in items]


def by_seconds(items: list[Item]) -> list[Item]:
    """Items of which no two share a second, in order."""
    return sorted(items, key=lambda item: item.occurred_at)


def apart(items: list[Item]) -> list[Item]:
    """The same, with no two times in one second: their order is told elsewhere."""
    for number, item in enumerate(items):
        if item.day is None:
            item.occurred_at += timedelta(seconds=number)
    return sorted(items, key=lambda item: (item.second, item.last_second, item.key))


@pytest.mark.parametrize("seed", range(150))
def test_changes_stand_where_they_leave_the_fewest_breaks(
    connection: psycopg.Connection[Any], seed: int
) -> None:
    random = Random(seed)
    values = [None, *"uvwxyz"][: random.randint(2, 7)]
    items = apart(drawn(random, random.choice((2, 4, 6, 9, 20)), values, 1))

    def place(before: list[Item], window: list[Item], group: list[Item]) -> list[Item]:
        both = [*window, *group]
        last = (before[-1].new,) if before else None
        fixed, free = ([(one.old, one.new) for one in part] for part in (window, group))
        keys = [one.key for one in both]
        exact = not window or len(group) <= FEW
        order = (fewest_breaks if exact else one_after_the_other)(last, fixed, free, keys)
        return [both[index] for index in order]

    bare = [item for item in items if item.day is not None]
    expected = in_days(by_seconds([item for item in items if item.day is None]), bare, place)
    row = connection.execute(
        "select pg_temp.order_within_days(%s::timestamptz[], %s::timestamptz[], %s::text[],"
        " %s::text[], %s::int[])",
        (
            [item.second for item in items],
            [item.last_second for item in items],
            [item.old for item in items],
            [item.new for item in items],
            [item.key for item in items],
        ),
    ).fetchone()
    assert row is not None
    assert list(row[0]) == places_of(items, expected)


@pytest.mark.parametrize("seed", range(150))
def test_events_of_several_records_are_merged_by_the_smallest_head(
    connection: psycopg.Connection[Any], seed: int
) -> None:
    random = Random(seed)
    items = apart(drawn(random, random.choice((2, 4, 6, 9, 20)), [None], random.randint(1, 4)))
    records = sorted({item.record for item in items})
    for number, item in enumerate(items):
        item.place = number
    # A record's own order keeps to its times, and is any order within a day.
    timed = by_seconds([item for item in items if item.day is None])
    shuffled = in_days(
        timed,
        [item for item in items if item.day is not None],
        lambda before, window, group: _shuffled(random, window, group),
    )
    for number, item in enumerate(shuffled):
        item.place = number
    expected = in_days(
        timed,
        [item for item in items if item.day is not None],
        lambda before, window, group: heads_first(
            window,
            group,
            lambda item: item.record,
            lambda item: item.place,
            lambda item: item.key,
        ),
    )
    row = connection.execute(
        "select pg_temp.merge_days(%s::timestamptz[], %s::timestamptz[], %s::int[], %s::int[],"
        " %s::int[])",
        (
            [item.second for item in items],
            [item.last_second for item in items],
            [records.index(item.record) + 1 for item in items],
            [item.place for item in items],
            [item.key for item in items],
        ),
    ).fetchone()
    assert row is not None
    assert list(row[0]) == places_of(items, expected)


def _shuffled(random: Random, window: list[Item], group: list[Item]) -> list[Item]:
    """Both in some order that keeps the window's."""
    result = list(window)
    for item in group:
        result.insert(random.randint(0, len(result)), item)
    return result


def test_many_changes_of_one_day_are_placed_in_seconds(connection: psycopg.Connection[Any]) -> None:
    random = Random(1)
    day = Day(MONDAY, MONDAY + timedelta(days=1))
    values = [str(number) for number in range(50)]
    items = [
        Item(
            key,
            MONDAY + timedelta(seconds=key + 1),
            day if key % 2 else None,
            random.choice(values),
            random.choice(values),
        )
        for key in range(10_000)
    ]
    items.sort(key=lambda item: (item.second, item.last_second, item.key))
    connection.execute("set statement_timeout = '20s'")
    row = connection.execute(
        "select cardinality(pg_temp.order_within_days(%s::timestamptz[], %s::timestamptz[],"
        " %s::text[], %s::text[], %s::int[])), cardinality(pg_temp.merge_days("
        " %s::timestamptz[], %s::timestamptz[], %s::int[], %s::int[], %s::int[]))",
        (
            *(seconds := ([i.second for i in items], [i.last_second for i in items])),
            [i.old for i in items],
            [i.new for i in items],
            keys := [i.key for i in items],
            *seconds,
            [1 for _ in items],
            keys,
            keys,
        ),
    ).fetchone()
    assert row == (10_000, 10_000)
