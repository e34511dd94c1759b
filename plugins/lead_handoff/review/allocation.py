"""How many cases each stratum gives: proportional to its size, with a minimum each.

After every stratum has its minimum, seats are given one by one, each to the stratum with the
largest size / (2 x seats so far + 1) (the divisor method of Webster and Sainte-Laguë). Rounding
quotas by largest remainders would be proportional too, but there a larger sample can take a case
away from a stratum (sizes 6, 6, 2: the third gives 2 cases of 10 and 1 of 11), and then a larger
sample would not contain the smaller one. Here it always does.
"""

from collections.abc import Mapping
from fractions import Fraction
from heapq import heapify, heappop, heapreplace
from typing import TypeVar

Stratum = TypeVar("Stratum", bound=tuple[str, ...])


def allocate(sizes: Mapping[Stratum, int], total: int, minimum: int) -> dict[Stratum, int]:
    """Cases per stratum, in the order of the strata's names.

    The numbers add up to ``total`` exactly, or to the population where that is smaller, or to what
    the minimums need where that is more. No stratum gives more than it has, and none fewer than
    ``minimum`` unless it has fewer. Ties go to the stratum whose name sorts first.
    """
    given = {stratum: min(size, minimum) for stratum, size in sorted(sizes.items())}
    queue = [_claim(stratum, sizes[stratum], seats) for stratum, seats in given.items()]
    queue = [claim for claim in queue if given[claim[1]] < sizes[claim[1]]]
    heapify(queue)
    for _ in range(min(total, sum(sizes.values())) - sum(given.values())):
        stratum = queue[0][1]
        given[stratum] += 1
        if given[stratum] < sizes[stratum]:
            heapreplace(queue, _claim(stratum, sizes[stratum], given[stratum]))
        else:
            heappop(queue)
    return given


def _claim(stratum: Stratum, size: int, seats: int) -> tuple[Fraction, Stratum]:
    return (Fraction(-size, 2 * seats + 1), stratum)
