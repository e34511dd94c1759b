"""Inferred timers (ruling 120): whole days after which silent promotions stand out.

A group is a path, or a path with an actor, of enough moves. One of its days is a timer where it has
enough moves, at least twice those of either neighbour, begun on three weekdays or more and none of
them with more than half; and where it beats by chance neither the days around nor the days a week
away. Every day of every group is one test, corrected together by Holm's method.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from math import comb

DAYS = range(7, 91)
"""Whole days that may be a timer; a shorter one has to be listed."""
AROUND = (-3, -2, -1, 1, 2, 3)
A_WEEK_AWAY = (-7, 7)

Path = tuple[str, str]
Group = tuple[Path, str | None]


@dataclass(frozen=True)
class Move:
    """A silent move out of sal or sql that no registered automation made.

    Attributes:
        path: the stage left and the stage entered.
        actor: who made it.
        weekday: ISO weekday of the stay's start, in the agreement's zone.
        day: whole days of 24 hours in the stage left.
    """

    path: Path
    actor: str | None
    weekday: int
    day: int

    @property
    def groups(self) -> set[Group]:
        """The groups that the move is in."""
        return {(self.path, None), (self.path, self.actor)}


def inferred_timers(
    moves: Iterable[Move],
    significance: Fraction = Fraction("0.05"),
    minimum_moves: int = 10,
    excess: Fraction = Fraction("1.5"),
) -> dict[Group, set[int]]:
    """The timers of each group that has any."""
    members: dict[Group, list[Move]] = defaultdict(list)
    for move in moves:
        for group in move.groups:
            members[group].append(move)
    tests = []
    for group, those in members.items():
        if len(those) >= minimum_moves:
            counts = Counter(move.day for move in those)
            for day in DAYS:
                tests.append((_chance(counts, day, excess), group, day))
    found: dict[Group, set[int]] = defaultdict(set)
    tests.sort(key=lambda test: test[0])
    for place, (chance, group, day) in enumerate(tests):
        # Holm: the first that does not hold ends it, since the corrected chance never falls.
        if chance * (len(tests) - place) > significance:
            break
        if _is_peak(members[group], day, minimum_moves):
            found[group].add(day)
    return dict(found)


def _chance(counts: Counter[int], day: int, excess: Fraction) -> Fraction:
    """The larger of the chances against the days around and against those a week away."""
    here = counts[day]
    around = sum(counts[day + step] for step in AROUND)
    away = sum(counts[day + step] for step in A_WEEK_AWAY)
    return max(
        binomial_tail(here, here + around, excess / (excess + len(AROUND))),
        binomial_tail(here, here + away, Fraction(1, 1 + len(A_WEEK_AWAY))),
    )


def _is_peak(moves: list[Move], day: int, minimum_moves: int) -> bool:
    counts = Counter(move.day for move in moves)
    weekdays = Counter(move.weekday for move in moves if move.day == day)
    return (
        counts[day] >= minimum_moves
        and counts[day] >= 2 * counts[day - 1]
        and counts[day] >= 2 * counts[day + 1]
        and len(weekdays) >= 3
        and 2 * max(weekdays.values()) <= counts[day]
    )


def binomial_tail(hits: int, trials: int, chance: Fraction) -> Fraction:
    """Chance of so many hits or more of trials that each hit with a chance."""
    hit, whole = chance.numerator, chance.denominator
    ways = sum(
        comb(trials, k) * hit**k * (whole - hit) ** (trials - k) for k in range(hits, trials + 1)
    )
    return Fraction(ways, whole**trials)
