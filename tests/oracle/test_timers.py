"""Inferred timers, worked by hand, and tried on companies that have none and on some that do.

`HANDOFF_COMPANIES=200` tries as many companies of each kind as the bars were set on.
"""

import math
import os
from collections.abc import Callable
from fractions import Fraction
from random import Random

import pytest

from tests.oracle.timers import Move, binomial_tail, inferred_timers

PATH = ("sal", "sql")
COMPANIES = int(os.environ.get("HANDOFF_COMPANIES", "20"))
MOVES = 500
REPS = tuple(f"rep {number}" for number in range(5))
WORKING = range(5)


def begun(day: int, moves: int, weekdays: str = "12345", actor: str = "ann") -> list[Move]:
    """So many moves of a day, begun on these weekdays in turn."""
    return [Move(PATH, actor, int(weekdays[n % len(weekdays)]), day) for n in range(moves)]


def test_the_binomial_tail_counts_ways() -> None:
    assert binomial_tail(8, 9, Fraction(1, 9)) == Fraction(9 * 8 + 1, 9**9)
    assert binomial_tail(0, 3, Fraction(1, 2)) == 1


def test_ten_moves_on_one_day_of_two_groups_are_a_timer() -> None:
    """All ten against none around: 1/5 to the tenth is nothing, so 1/3 to the tenth counts: 1 in
    59,049, of two groups' 168 days 0.0028.
    """
    found = inferred_timers(begun(21, 10))
    assert found == {(PATH, None): {21}, (PATH, "ann"): {21}}
    assert inferred_timers(begun(21, 10), significance=Fraction("0.0028")) == {}
    assert inferred_timers(begun(21, 10), significance=Fraction("0.0029")) == found


@pytest.mark.parametrize(
    ("moves", "why"),
    [
        (begun(21, 9), "fewer than ten"),
        (begun(6, 30), "within a week: it has to be listed"),
        (begun(91, 30), "after more than 90 days"),
        (begun(21, 30, "12"), "begun on two weekdays"),
        (begun(21, 30, "112113"), "more than half begun on one weekday"),
        (begun(21, 30) + begun(20, 16), "less than twice the day before"),
        (begun(21, 30) + begun(22, 16), "less than twice the day after"),
        (begun(21, 30) + [m for d in (18, 19, 23, 24) for m in begun(d, 25)], "like days around"),
        (begun(21, 30) + begun(14, 15) + begun(28, 15), "working weeks repeat"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_no_timer(moves: list[Move], why: str) -> None:
    assert inferred_timers(moves) == {}, why


def test_a_timer_is_of_its_group_alone() -> None:
    """Bob's moves fall on any day; those of the flow make the path's day stand out as well."""
    moves = [move for day in range(60) for move in begun(day, 4, actor="bob")]
    found = inferred_timers(moves + begun(30, 30, actor="flow"))
    assert found == {(PATH, None): {30}, (PATH, "flow"): {30}}


# -- companies ---------------------------------------------------------------------------------

Decide = Callable[[Random, float, frozenset[int]], float]


def _at_work(random: Random, day: int) -> float:
    return day + (9 + 8 * random.random()) / 24


def _any_day(chance: float) -> Decide:
    """On each day at work the lead is decided by chance: a geometric delay."""

    def decide(random: Random, start: float, weekdays: frozenset[int]) -> float:
        day = math.floor(start) + 1
        while day % 7 not in weekdays or random.random() >= chance:
            day += 1
        return _at_work(random, day)

    return decide


def _after(delay: Callable[[Random], float]) -> Decide:
    """On the first day at work once a delay is over."""

    def decide(random: Random, start: float, weekdays: frozenset[int]) -> float:
        day = math.floor(start + delay(random))
        while day % 7 not in weekdays:
            day += 1
        return max(_at_work(random, day), start)

    return decide


def _two_humps(random: Random) -> float:
    if random.random() < 0.5:
        return random.expovariate(0.5)
    return max(0.0, random.gauss(30, 6))


KINDS: dict[str, tuple[Decide, int, float]] = {
    "geometric": (_any_day(0.12), 5, 0.005),
    "lognormal": (_after(lambda random: random.lognormvariate(math.log(9), 0.8)), 5, 0.005),
    "bimodal": (_after(_two_humps), 5, 0.005),
    "two weekdays": (_any_day(0.25), 2, 0.025),
    "weekly": (_any_day(0.35), 1, 0.025),
}
"""How long a lead takes, weekdays on which a rep decides, share that may seem to have a timer."""


def company(kind: str, random: Random, timer: int | None = None) -> list[Move]:
    """A year's silent moves; a nightly timer makes a tenth of them in the reps' names."""
    decide, days, _ = KINDS[kind]
    weekdays = {rep: frozenset(random.sample(WORKING, days)) for rep in REPS}
    moves = []
    for number in range(MOVES):
        rep, day = random.choice(REPS), random.randrange(52) * 7 + random.choice(WORKING)
        start = _at_work(random, day)
        if timer is not None and number < MOVES // 10:
            two_at_night = 2 / 24
            end = math.ceil(start + timer - two_at_night) + two_at_night
        else:
            end = decide(random, start, weekdays[rep])
        moves.append(Move(PATH, rep, day % 7 + 1, math.floor(end - start)))
    return moves


@pytest.mark.parametrize("kind", KINDS)
def test_companies_without_a_timer_seem_to_have_none(kind: str) -> None:
    accused = [
        seed
        for seed in range(COMPANIES)
        if inferred_timers(company(kind, Random(f"{kind} {seed}")))
    ]
    assert len(accused) <= KINDS[kind][2] * COMPANIES


@pytest.mark.parametrize("kind", [kind for kind, (_, days, _) in KINDS.items() if days > 2])
def test_a_nightly_timer_behind_a_tenth_of_the_moves_is_found(kind: str) -> None:
    """Of ten days or more: shorter ones may hide behind what is decided within days anyway."""
    found = 0
    for seed in range(COMPANIES):
        random = Random(f"timer {kind} {seed}")
        timer = random.randrange(10, 61)
        groups = inferred_timers(company(kind, random, timer))
        found += any(timer in days for days in groups.values())
    assert found >= 0.94 * COMPANIES
