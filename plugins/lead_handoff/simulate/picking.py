"""A quarter of a company by its counts alone, and the reps whom `cherry_picking` accuses in it.

The rule is written out a second time, in plain Python: two exact tests, both excesses and Holm over
all that is tested, at the terms of the example agreement. It needs no database, so that each number
of events can be tried a thousand times.
"""

from dataclasses import dataclass
from functools import cache, cached_property
from math import exp, lgamma
from random import Random

TEAMS, REPS = 3, 4
QUARTER, EDGE, HELD = 91, 5, 40
"""Days of a quarter, of its edge, and for how long before its end a picker holds leads back."""
ACCEPTED = 0.6
"""Share of a rep's leads that is accepted."""
MINIMUM, SIGNIFICANCE, EXCESS = 20, 0.05, 1.5


@dataclass(frozen=True)
class Doings:
    """One kind of a rep's doings in a quarter, and how many of them lie at one of its edges.

    `base` are those of the team or the company, the rep's own among them; `arrivals` the leads that
    reached the rep.
    """

    rep: str
    events: int
    at_edge: int
    base_events: int
    base_at_edge: int
    arrivals: int
    arrivals_at_edge: int

    @cached_property
    def p(self) -> float:
        """The chance of so many at the edge, against others and against the rep's own arrivals."""
        return max(
            tail(self.at_edge, self.events, self.base_at_edge, self.base_events),
            tail(
                self.at_edge,
                self.events,
                self.at_edge + self.arrivals_at_edge,
                self.events + self.arrivals,
            ),
        )

    @property
    def is_bunched(self) -> bool:
        """Whether both base rates are exceeded by the agreed factor."""
        others, others_at_edge = self.base_events - self.events, self.base_at_edge - self.at_edge
        return (
            self.at_edge * others >= EXCESS * others_at_edge * self.events
            and self.at_edge * self.arrivals >= EXCESS * self.arrivals_at_edge * self.events
        )


def accused(doings: list[Doings]) -> set[str]:
    """The reps whom the rule accuses."""
    found, corrected = set(), 0.0
    for rank, one in enumerate(sorted(doings, key=lambda one: one.p)):
        corrected = max(corrected, one.p * (len(doings) - rank))
        if corrected <= SIGNIFICANCE and one.is_bunched:
            found.add(one.rep)
    return found


def tail(hits: int, drawn: int, marked: int, total: int) -> float:
    """Chance of at least so many marked among those drawn, all draws being alike."""
    return sum(
        exp(_choose(marked, n) + _choose(total - marked, drawn - n) - _choose(total, drawn))
        for n in range(max(hits, drawn + marked - total), min(drawn, marked) + 1)
    )


@cache
def _choose(total: int, part: int) -> float:
    """The logarithm of the number of ways to choose `part` of `total`."""
    return lgamma(total + 1) - lgamma(part + 1) - lgamma(total - part + 1)


def quarter(rng: Random, events: int, strength: float) -> list[Doings]:
    """What the rule reads of a company whose reps accept so many leads each in a quarter.

    The first rep holds back a share of `strength` of the leads that could be, and accepts and calls
    them in the last days; nobody else does.
    """
    reps = [_Rep(rng, events, 0.0 if number else strength) for number in range(TEAMS * REPS)]
    doings = []
    for number, rep in enumerate(reps):
        team = reps[number % TEAMS :: TEAMS]
        # A rep is set against the team, or the company where the team has too little to compare.
        base = team if (len(team) - 1) * events >= MINIMUM else reps
        for kind in range(len(rep.at_edges)):
            at_edge = rep.at_edges[kind]
            base_at_edge = sum(one.at_edges[kind] for one in base)
            late = rep.arrivals_at_edges[kind % 2]
            doings.append(
                Doings(
                    str(number),
                    events,
                    at_edge,
                    len(base) * events,
                    base_at_edge,
                    rep.arrivals,
                    late,
                )
            )
    return doings if events >= MINIMUM else []


class _Rep:
    """A rep's leads in a quarter, counted.

    `at_edges` are the acceptances in its first and its last days, and the first touches likewise.
    """

    def __init__(self, rng: Random, events: int, strength: float) -> None:
        accepted = [rng.random() * QUARTER for _ in range(events)]
        others = round(events * (1 / ACCEPTED - 1))
        arrived = accepted + [rng.random() * QUARTER for _ in range(others)]
        acceptances = [_day(rng, day, strength) for day in accepted]
        touches = [min(day + rng.random(), QUARTER - 0.01) for day in acceptances]
        self.arrivals = len(arrived)
        self.arrivals_at_edges = _edges(arrived)
        self.at_edges = _edges(acceptances) + _edges(touches)


def _day(rng: Random, arrived: float, strength: float) -> float:
    """When a lead is accepted: within a day, or in the quarter's last two and a half days."""
    if arrived > QUARTER - HELD and rng.random() < strength:
        return QUARTER - 2.6 * rng.random()
    return min(arrived + rng.random(), QUARTER - 0.01)


def _edges(days: list[float]) -> tuple[int, int]:
    return sum(day < EDGE for day in days), sum(day >= QUARTER - EDGE for day in days)
