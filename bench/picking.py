"""How many events it takes to see cherry picking: precision and recall by their number.

A quarter of a company is drawn by its counts alone and judged as the rule judges: two exact tests,
both excesses, Holm over all that is tested, at the terms of the example agreement. It needs no
database, so that each size can be tried a thousand times.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from math import exp, lgamma
from random import Random

from lead_handoff.report import Share

SIZES = (10, 15, 20, 30, 40, 50, 75, 100, 150, 200)
TEAMS, REPS = 3, 4
QUARTER, EDGE, HELD = 91, 5, 40
"""Days of a quarter, of its edge, and for how long before its end a picker holds leads back."""
STRENGTHS = (1.0, 0.5, 0.25)
"""Of the leads that a picker could hold back, the share that is."""
MINIMUM, SIGNIFICANCE, EXCESS = 20, 0.05, 1.5


@dataclass(frozen=True)
class Rep:
    """What the rule reads of a rep: events and arrivals, and those at each edge of the quarter."""

    team: int
    events: int
    at_edge: tuple[int, int]
    arrivals: int
    arrivals_at_edge: tuple[int, int]


def quarter(rng: Random, events: int, strength: float) -> list[Rep]:
    """A company's reps with about so many events each; the first picks with `strength`."""
    return [
        _rep(rng, number % TEAMS, events, strength if number == 0 else 0.0)
        for number in range(TEAMS * REPS)
    ]


def _rep(rng: Random, team: int, events: int, strength: float) -> Rep:
    accepted = [rng.random() * QUARTER for _ in range(events)]
    # Of what arrives, six in ten are accepted; within a day as a rule.
    others = [rng.random() * QUARTER for _ in range(events * 2 // 3)]
    done = []
    for day in accepted:
        if day > QUARTER - HELD and rng.random() < strength:
            done.append(QUARTER - 0.05 - 2.55 * rng.random())
        else:
            done.append(min(day + rng.random(), QUARTER - 0.01))
    return Rep(team, events, _edges(done), events + len(others), _edges(accepted + others))


def _edges(days: list[float]) -> tuple[int, int]:
    return sum(day < EDGE for day in days), sum(day >= QUARTER - EDGE for day in days)


def accused(reps: list[Rep], minimum: int = MINIMUM) -> set[int]:
    """The reps whom the rule accuses, by their place."""
    tests = []
    for place, rep in enumerate(reps):
        if rep.events < minimum:
            continue
        team = [other for other in reps if other.team == rep.team]
        base = team if sum(other.events for other in team) - rep.events >= minimum else reps
        base_events = sum(other.events for other in base)
        for edge in (0, 1):
            hits, arrived = rep.at_edge[edge], rep.arrivals_at_edge[edge]
            base_hits = sum(other.at_edge[edge] for other in base)
            p = max(
                tail(hits, rep.events, base_hits, base_events),
                tail(hits, rep.events, hits + arrived, rep.events + rep.arrivals),
            )
            is_more = (
                hits * (base_events - rep.events) >= EXCESS * (base_hits - hits) * rep.events
                and hits * rep.arrivals >= EXCESS * arrived * rep.events
            )
            tests.append((p, place, is_more))
    found, corrected = set(), 0.0
    for rank, (p, place, is_more) in enumerate(sorted(tests)):
        corrected = max(corrected, min(1.0, p * (len(tests) - rank)))
        if is_more and corrected <= SIGNIFICANCE:
            found.add(place)
    return found


def tail(hits: int, drawn: int, marked: int, total: int) -> float:
    """Chance of at least so many marked among those drawn, all draws being alike."""
    highest = min(drawn, marked)
    return min(1.0, sum(_chance(n, drawn, marked, total) for n in range(hits, highest + 1)))


def _chance(hits: int, drawn: int, marked: int, total: int) -> float:
    if drawn - hits > total - marked:
        return 0.0
    return exp(
        _choose(marked, hits) + _choose(total - marked, drawn - hits) - _choose(total, drawn)
    )


@cache
def _choose(total: int, part: int) -> float:
    return lgamma(total + 1) - lgamma(part + 1) - lgamma(total - part + 1)


def report(companies: int = 1_000, seed: int = 1) -> str:
    """The table: a picker in each company, and as many companies without one."""
    from nights import table

    rows = [
        ("events a rep", "leads held back", "companies", "precision", "recall", "wrong of innocent")
    ]
    for events in SIZES:
        rng = Random(seed * 1_000 + events)
        innocent = sum(bool(accused(quarter(rng, events, 0.0))) for _ in range(companies))
        for strength in STRENGTHS:
            right = wrong = 0
            for _ in range(companies):
                found = accused(quarter(rng, events, strength))
                right += 0 in found
                wrong += len(found - {0})
            rows.append(
                (
                    f"{events}",
                    f"{strength:.0%} of the last {HELD} days'",
                    f"{companies:,}",
                    _rate(right, right + wrong),
                    _rate(right, companies),
                    _rate(innocent, companies),
                )
            )
    return table(rows)


def _rate(part: int, whole: int) -> str:
    if not whole:
        return "nothing found"
    low, high = Share(part, whole).interval
    return f"{part / whole:.3f} ({max(low, 0):.3f}-{high:.3f})"
