"""How many of a month's exits were invalid: bounds that hold whatever the truth is.

Drawing without replacement, the invalid among n of N follow the hypergeometric distribution; bounds
are those of Clopper and Pearson for it, found by searching whole numbers with exact arithmetic.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from math import comb


@dataclass(frozen=True)
class Reviewed:
    """What is known of a stratum: its members, its cases, and what was found in them.

    ``unknown`` are cases not reviewed, not told, or disputed; valid ones are the rest.
    """

    population: int
    cases: int
    invalid: int
    unknown: int

    @property
    def valid(self) -> int:
        """Cases found valid."""
        return self.cases - self.invalid - self.unknown


@dataclass(frozen=True)
class Bounds:
    """At least and at most so many of ``population`` were invalid."""

    least: int
    most: int
    population: int


def bounds(stratum: Reviewed, confidence: Fraction) -> Bounds:
    """Bounds on the invalid of one stratum, each side wrong in (1 - confidence) / 2 at most.

    Unknown cases count as valid for the lower bound and as invalid for the upper one. A stratum
    reviewed whole is only uncertain by its unknown cases.
    """
    side = (1 - confidence) / 2
    worst = stratum.invalid + stratum.unknown
    return Bounds(
        least=_least(stratum.population, stratum.cases, stratum.invalid, side),
        # The most invalid are all but the least valid.
        most=stratum.population
        - _least(stratum.population, stratum.cases, stratum.cases - worst, side),
        population=stratum.population,
    )


def combined(strata: Sequence[Reviewed], confidence: Fraction) -> Bounds:
    """Bounds on the invalid of all strata together, right with ``confidence`` at least.

    Each of the k strata that a sample stands for is bounded with 1 - (1 - confidence) / k
    (Bonferroni), so that all hold at once, whatever their sizes; those reviewed whole cost nothing.
    """
    sampled = sum(0 < stratum.cases < stratum.population for stratum in strata)
    each = 1 - (1 - confidence) / max(sampled, 1)
    parts = [bounds(stratum, each) for stratum in strata]
    return Bounds(
        least=sum(part.least for part in parts),
        most=sum(part.most for part in parts),
        population=sum(part.population for part in parts),
    )


@lru_cache(maxsize=65_536)
def _least(population: int, cases: int, found: int, side: Fraction) -> int:
    """The smallest number of members of a kind that ``found`` among ``cases`` is not too many for.

    That is the smallest K with P(at least ``found`` | K of ``population``) > ``side``.
    """
    if found == 0:
        return 0
    # The probability grows with K, and fewer than `found` or more than leaves the rest cannot be.
    low, high = found, population - (cases - found)
    while low < high:
        middle = (low + high) // 2
        if _at_least(population, cases, middle, found) > side:
            high = middle
        else:
            low = middle + 1
    return low


def _at_least(population: int, cases: int, kind: int, found: int) -> Fraction:
    """P(at least ``found`` of ``cases``), drawn from ``population`` with ``kind`` of the kind."""
    below = sum(
        comb(kind, number) * comb(population - kind, cases - number) for number in range(found)
    )
    return 1 - Fraction(below, comb(population, cases))
