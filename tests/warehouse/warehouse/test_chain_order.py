"""The database's order of changes within seconds, compared with the reference's."""

import time
from collections.abc import Iterator
from itertools import pairwise
from random import Random
from types import SimpleNamespace
from typing import Any

import psycopg
import pytest
from jinja2 import Environment

from lead_handoff import settings
from tests.oracle.chains import Step, least_breaks, smallest_order

MACROS = settings.project_root() / "dbt_project" / "macros" / "cross_db" / "chain_order.sql"
MANY = 10_000


@pytest.fixture(scope="module")
def connection(module_warehouse: Any) -> Iterator[psycopg.Connection[Any]]:
    """A database that has the functions and nothing else."""
    environment = Environment(autoescape=False)  # noqa: S701  (SQL, not HTML)
    environment.globals["target"] = SimpleNamespace(schema="pg_temp")
    macros = environment.from_string(MACROS.read_text()).module
    with psycopg.connect(module_warehouse.url("owner"), autocommit=True) as connection:
        connection.execute(str(macros.create_chain_order_function()))
        connection.execute(str(macros.create_order_within_seconds_function()))
        yield connection


def positions(
    connection: psycopg.Connection[Any], seconds: list[int], steps: list[Step]
) -> list[int]:
    """What the database makes of changes that are given sorted."""
    row = connection.execute(
        "select pg_temp.order_within_seconds("
        " (select array_agg(to_timestamp(at) order by place)"
        " from unnest(%s::int[]) with ordinality as given (at, place)), %s::text[], %s::text[])",
        (seconds, [old for old, _ in steps], [new for _, new in steps]),
    ).fetchone()
    assert row is not None
    return list(row[0])


def reference(seconds: list[int], steps: list[Step]) -> list[int]:
    """The same, second by second, by the reference."""
    result: list[int] = []
    last: tuple[str | None] | None = None
    for second in sorted(set(seconds)):
        places = [place for place, at in enumerate(seconds) if at == second]
        order = smallest_order([steps[place] for place in places], last)
        last = (steps[places[order[-1]]][1],)
        taken = {index: number for number, index in enumerate(order, len(result) + 1)}
        result += [taken[index] for index in range(len(places))]
    return result


@pytest.mark.parametrize("seed", range(150))
def test_the_order_is_that_of_the_reference(connection: psycopg.Connection[Any], seed: int) -> None:
    random = Random(seed)
    values = [None, *"uvwxyz"][: random.randint(2, 7)]
    size = random.choice((2, 5, 9, 14, 40))
    steps = [(random.choice(values), random.choice(values)) for _ in range(size)]
    seconds = sorted(random.randrange(random.choice((1, 3, size))) for _ in range(size))
    assert positions(connection, seconds, steps) == reference(seconds, steps)


def _shapes() -> dict[str, list[Step]]:
    """Many changes in one second, as a loop, a mass import or a clash of two systems makes them."""
    random = Random(7)
    half = MANY // 2
    rises = [(str(score), str(score + 1)) for score in range(MANY)]
    random.shuffle(rises)
    falls_first = [(str(score + 1), str(score)) for score in range(half)]
    falls_first += [(str(score), str(score + 1)) for score in range(half)]
    gaps = falls_first.copy()
    for _ in range(20):
        gaps.pop(random.randrange(len(gaps)))
    ring = random.sample(range(half), half)
    rings = [(str(at), str((at + 1) % half)) for at in range(half)]
    rings += [(str(at), str(ring[(place + 1) % half])) for place, at in enumerate(ring)]
    return {
        "a score that rises": rises,
        "there and back again": [(str(at % 2), str(1 - at % 2)) for at in range(MANY + 1)],
        "the same change again and again": [("a", "b")] * MANY,
        "all from one value": [("a", str(at)) for at in range(MANY)],
        "down before up": falls_first,
        "down before up, some missing": gaps,
        "two rings, one change missing": rings[1:],
        "any of three values": [(random.choice("abc"), random.choice("abc")) for _ in range(MANY)],
        "any of a thousand values": [
            (str(random.randrange(1000)), str(random.randrange(1000))) for _ in range(MANY)
        ],
    }


@pytest.mark.parametrize(("shape", "steps"), _shapes().items(), ids=list(_shapes()))
def test_ten_thousand_changes_of_one_second_are_ordered_in_seconds(
    connection: psycopg.Connection[Any], shape: str, steps: list[Step]
) -> None:
    started = time.perf_counter()
    found = positions(connection, [0] * len(steps), steps)
    took = time.perf_counter() - started
    order = sorted(range(len(steps)), key=lambda index: found[index])
    assert sorted(found) == list(range(1, len(steps) + 1))
    breaks = sum(steps[one][1] != steps[other][0] for one, other in pairwise(order))
    assert breaks == least_breaks(steps, None), shape
    assert took < 60, shape
