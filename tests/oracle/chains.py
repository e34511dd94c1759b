"""The order of one field's changes within a second: as few breaks as can be, then the smallest.

A change is a step from an old value to a new one; an order of all steps is as many trails through
the graph of values as it has breaks, and one. How few can do is known in advance, so that each step
is the first one in the given order after which the rest still needs no more.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

Step = tuple[str | None, str | None]


def smallest_order(steps: Sequence[Step], last: tuple[str | None] | None) -> list[int]:
    """Indices of steps, given sorted, in the smallest of the orders with the fewest breaks.

    `last` holds the value before them all; where it is None that value is unknown, and whatever
    comes first breaks nothing.
    """
    left = list(range(len(steps)))
    order: list[int] = []
    while left:
        allowed = least_breaks((steps[index] for index in left), last)
        for place, index in enumerate(left):
            rest = left[:place] + left[place + 1 :]
            old, new = steps[index]
            breaks = int(last is not None and last[0] != old)
            if breaks + least_breaks((steps[other] for other in rest), (new,)) == allowed:
                break
        else:
            raise AssertionError("some step comes next")
        order.append(index)
        left, last = rest, (new,)
    return order


def least_breaks(steps: Iterable[Step], last: tuple[str | None] | None) -> int:
    """The fewest breaks with which all steps can follow a last value.

    Every part of the graph that hangs together takes a trail for each time that a value is left
    once more than reached, and at least one. A trail that begins with the last value, or a round
    that passes it, costs no break.
    """
    surplus: dict[str | None, int] = defaultdict(int)
    parts: dict[str | None, str | None] = {}

    def part(value: str | None) -> str | None:
        while parts.setdefault(value, value) != value:
            parts[value] = parts[parts[value]]
            value = parts[value]
        return value

    for old, new in steps:
        surplus[old] += 1
        surplus[new] -= 1
        parts[part(old)] = part(new)
    trails: dict[str | None, int] = defaultdict(int)
    for value, count in surplus.items():
        trails[part(value)] += max(count, 0)
    total = sum(max(count, 1) for count in trails.values())
    if last is None:
        return max(total - 1, 0)
    value = last[0]
    continues = value in surplus and (surplus[value] > 0 or trails[part(value)] == 0)
    return total - int(continues)
