"""Where what tells a day and no time of day stands among what tells a time.

Those with a time of day keep their order. One without stands among those of its day where the order
within one second would put it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from functools import cache
from typing import Protocol, TypeVar

from tests.oracle.times_of_day import Day
from tests.oracle.values import second_of

FEW = 5
"""So many changes without a time of day are put among those of one day with the fewest breaks of
all ways; more of them, one after the other."""


class Dated(Protocol):
    occurred_at: datetime
    day: Day | None
    earliest_at: datetime
    latest_at: datetime


Item = TypeVar("Item", bound=Dated)
Placing = Callable[[list[Item], list[Item], list[Item]], list[Item]]


def in_days(timed: list[Item], bare: list[Item], place: Placing[Item]) -> list[Item]:
    """Put the items of each day among those with a time, which come in their order.

    `place` is given what lies before the day, those with a time on it, and the day's own items, and
    gives the last two in one order. Days are taken as they begin.
    """
    result = list(timed)
    first = 0
    days = {item.day for item in bare if item.day is not None}
    for day in sorted(days, key=lambda day: (day.start, day.end)):
        group = [item for item in bare if item.day == day]
        ends = [i for i, item in enumerate(result) if item.day is None]
        before = [i for i in ends if second_of(result[i].occurred_at) < day.start]
        after = [i for i in ends if second_of(result[i].occurred_at) >= day.end]
        low = max([first, *(i + 1 for i in before)])
        high = min([len(result), *(i for i in after if i >= low)])
        placed = place(result[:low], result[low:high], group)
        result[low:high] = placed
        first = max(i + 1 for i, item in enumerate(result) if item.day == day)
    return result


def fewest_breaks(
    last: tuple[str | None] | None,
    fixed: Sequence[tuple[str | None, str | None]],
    free: Sequence[tuple[str | None, str | None]],
    keys: Sequence[object],
) -> list[int]:
    """The order of fixed and free steps (old, new) with the fewest breaks between them.

    Fixed steps keep their order; of equally good orders the one that is smallest by the keys.
    Numbers count the fixed steps first, then the free ones; `last` is the value before all.
    """
    steps = [*fixed, *free]
    everything = frozenset(range(len(steps)))

    def following(done: frozenset[int]) -> list[int]:
        left = sorted(everything - done)
        next_fixed = [i for i in left if i < len(fixed)][:1]
        return sorted(
            [*next_fixed, *(i for i in left if i >= len(fixed))],
            key=lambda i: keys[i],  # type: ignore[arg-type,return-value]
        )

    def breaks(before: int, after: int) -> int:
        value = last if before < 0 else (steps[before][1],)
        return int(value is not None and value[0] != steps[after][0])

    @cache
    def least(done: frozenset[int], before: int) -> int:
        return min(
            (breaks(before, i) + least(done | {i}, i) for i in following(done)),
            default=0,
        )

    order: list[int] = []
    done: frozenset[int] = frozenset()
    before = -1
    while done != everything:
        best = least(done, before)
        chosen = next(
            i for i in following(done) if breaks(before, i) + least(done | {i}, i) == best
        )
        order.append(chosen)
        done, before = done | {chosen}, chosen
    return order


def one_after_the_other(
    last: tuple[str | None] | None,
    fixed: Sequence[tuple[str | None, str | None]],
    free: Sequence[tuple[str | None, str | None]],
    keys: Sequence[object],
) -> list[int]:
    """The same for many free steps: each where the chain first goes on with it.

    A fixed step that goes on comes first, then the smallest free one that does; where none does,
    the next fixed one, and what is left of the free ones at the end.
    """
    steps = [*fixed, *free]
    left = sorted(range(len(fixed), len(steps)), key=lambda i: keys[i])  # type: ignore[arg-type,return-value]
    order: list[int] = []
    next_fixed = 0
    while next_fixed < len(fixed) or left:
        goes_on = next((i for i in left if last is None or steps[i][0] == last[0]), None)
        has_fixed = next_fixed < len(fixed)
        if has_fixed and (last is None or steps[next_fixed][0] == last[0] or goes_on is None):
            chosen, next_fixed = next_fixed, next_fixed + 1
        else:
            chosen = left[0] if goes_on is None else goes_on
            left.remove(chosen)
        order.append(chosen)
        last = (steps[chosen][1],)
    return order


def heads_first(
    window: list[Item],
    group: list[Item],
    record: Callable[[Item], object],
    place: Callable[[Item], object],
    head: Callable[[Item], object],
) -> list[Item]:
    """Merge the events of a day with those of it that have a time, by the smallest head.

    Those with a time keep their order, and a record's events theirs; of those that may be next the
    smallest is taken.
    """
    left = [*window, *group]
    merged: list[Item] = []
    while left:
        allowed = []
        for item in left:
            if item.day is None and any(other.day is None for other in left[: left.index(item)]):
                continue
            # Those with a time keep their order, whatever the record says of them.
            own = [
                other
                for other in left
                if record(other) == record(item) and (item.day or other.day) is not None
            ]
            if any(place(other) < place(item) for other in own):  # type: ignore[operator]
                continue
            allowed.append(item)
        chosen = min(allowed, key=head)  # type: ignore[arg-type]
        left.remove(chosen)
        merged.append(chosen)
    return merged


def give_times(ordered: Sequence[Dated]) -> None:
    """Give what has no time of day the time of what it follows on its day, else its own.

    Its own is never later than what comes after it, nor earlier than what it follows. It lies on
    its day, and between those with a time that it stands between.
    """
    reached: datetime | None = None
    own_times: dict[Day, datetime] = {}
    for place, item in enumerate(ordered):
        at, day = item.occurred_at, item.day
        if day is not None:
            timed = [one.occurred_at for one in ordered[:place] if one.day is None]
            later = [one.occurred_at for one in ordered[place + 1 :] if one.day is None]
            followed = max(timed, default=None)
            own = own_times.setdefault(day, at)
            is_on_day = followed is not None and followed >= day.start
            at = followed if followed is not None and is_on_day else min([own, *later])
            at = max(at, reached) if reached is not None else at
            item.occurred_at = at
            item.earliest_at = max([item.earliest_at, *timed])
            item.latest_at = min([item.latest_at, *later])
        reached = at if reached is None else max(reached, at)
