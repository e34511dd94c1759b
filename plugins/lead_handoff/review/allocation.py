"""How many cases each stratum gives: proportional to its size, or Neyman's way; a minimum each.

After every stratum has its minimum, seats are given one by one, each to the stratum with the
largest size / (2 x seats so far + 1) (the divisor method of Webster and Sainte-Laguë). By Neyman's
allocation, which makes the month's estimate as precise as so many cases can, a stratum counts with
its size times the standard deviation of what is asked there. Rounding
quotas by largest remainders would be proportional too, but there a larger sample can take a case
away from a stratum (sizes 6, 6, 2: the third gives 2 cases of 10 and 1 of 11), and then a larger
sample would not contain the smaller one. Here it always does.
"""

from collections.abc import Mapping, Sequence
from fractions import Fraction
from heapq import heapify, heappop, heapreplace
from typing import TypeVar

Stratum = TypeVar("Stratum", bound=tuple[str, ...])


def stratum_of(
    columns: Sequence[str], team: str | None, exit_kind: str, tier: str | None
) -> tuple[str, ...]:
    """The stratum of a member; a machine's exits are apart under every policy."""
    values = {"team": team or "", "exit_kind": exit_kind, "tier": tier or ""}
    stratum = tuple(values[column] for column in columns)
    if "exit_kind" not in columns:
        stratum += ("machine" if exit_kind == "machine" else "",)
    return stratum


def allocate(
    sizes: Mapping[Stratum, int],
    total: int,
    minimum: int,
    deviations: Mapping[Stratum, int] | None = None,
) -> dict[Stratum, int]:
    """Cases per stratum, in the order of the strata's names.

    ``deviations`` are the strata's standard deviations in any common unit, for Neyman's allocation;
    without them it is proportional.

    The numbers add up to ``total`` exactly, or to the population where that is smaller, or to what
    the minimums need where that is more. No stratum gives more than it has, and none fewer than
    ``minimum`` unless it has fewer. Ties go to the stratum whose name sorts first.
    """
    given = {stratum: min(size, minimum) for stratum, size in sorted(sizes.items())}
    weights = {
        stratum: size * (deviations[stratum] if deviations else 1)
        for stratum, size in sizes.items()
    }
    queue = [_claim(stratum, weights[stratum], seats) for stratum, seats in given.items()]
    queue = [claim for claim in queue if given[claim[1]] < sizes[claim[1]]]
    heapify(queue)
    for _ in range(min(total, sum(sizes.values())) - sum(given.values())):
        stratum = queue[0][1]
        given[stratum] += 1
        if given[stratum] < sizes[stratum]:
            heapreplace(queue, _claim(stratum, weights[stratum], given[stratum]))
        else:
            heappop(queue)
    return given


def _claim(stratum: Stratum, weight: int, seats: int) -> tuple[Fraction, Stratum]:
    return (Fraction(-weight, 2 * seats + 1), stratum)
