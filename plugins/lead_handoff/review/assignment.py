"""Which reviewer gets which case; the seed decides, so anyone can work it out again.

Cases are taken in the order of the tickets of "<case> review". Each goes to the reviewer with the
fewest cases so far among those who took no part in it; of several, to the one with the smallest
ticket of "<case> <reviewer>". The first cases in that order go to two: one of sales and one of
marketing. A case of which one side took part whole is not doubled, and the next one is instead.

The order is not that of the draw: in a stratum that is drawn from, all tickets are small, so the
doubled cases would hardly ever come from a stratum that is reviewed whole.

The cases that an extension adds are dealt out by themselves, after those that were there.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from fractions import Fraction
from math import ceil

from lead_handoff.agreement.panel import FUNCTIONS, Reviewer
from lead_handoff.review.sampler import draw_order, hash_seed, ticket_number


def assign(
    cases: Collection[str],
    seed: str,
    roster: Sequence[Reviewer],
    took_part: Mapping[str, Collection[str]],
    double_share: Fraction,
    load: Mapping[str, int] | None = None,
) -> dict[str, tuple[str, ...]]:
    """The reviewers of each case, in the order of the roster; none where all of them took part.

    ``load`` are the cases that reviewers have already, where a sample is extended.
    """
    seed_hash = hash_seed(seed)
    load = {reviewer.id: 0 for reviewer in roster} | dict(load or {})
    to_double = ceil(double_share * len(cases))
    given: dict[str, tuple[str, ...]] = {}
    suffix = " review"
    for ticket in draw_order((case + suffix for case in cases), seed):
        case = ticket.id.removesuffix(suffix)
        free = [reviewer for reviewer in roster if reviewer.id not in took_part.get(case, ())]

        def least(some: Iterable[Reviewer], case: str = case) -> list[str]:
            order = {
                reviewer.id: (load[reviewer.id], ticket_number(seed_hash, f"{case} {reviewer.id}"))
                for reviewer in some
            }
            return [min(order, key=order.__getitem__)] if order else []

        chosen = least(free)
        if to_double:
            sides = [least(each for each in free if each.function == side) for side in FUNCTIONS]
            if all(sides):
                chosen = [reviewer for side in sides for reviewer in side]
                to_double -= 1
        for reviewer in chosen:
            load[reviewer] += 1
        given[case] = tuple(reviewer.id for reviewer in roster if reviewer.id in chosen)
    return given
