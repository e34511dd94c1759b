"""The order of changes within one second, compared with trying all orders."""

from itertools import pairwise, permutations
from random import Random

import pytest

from tests.oracle.chains import Step, least_breaks, smallest_order


def breaks_of(steps: list[Step], order: list[int], last: tuple[str | None] | None) -> int:
    chain = [steps[index] for index in order]
    first = int(last is not None and chain[0][0] != last[0])
    return first + sum(before[1] != after[0] for before, after in pairwise(chain))


@pytest.mark.parametrize("seed", range(60))
def test_the_order_is_the_one_that_trying_all_orders_finds(seed: int) -> None:
    random = Random(seed)
    values = [None, "w", "x", "y", "z"][: random.randint(2, 5)]
    steps = [
        (random.choice(values), random.choice(values)) for _ in range(random.choice((1, 3, 5, 6)))
    ]
    last = random.choice([None, (None,), ("x",), ("nowhere",)])
    orders = map(list, permutations(range(len(steps))))
    fewest, best = min((breaks_of(steps, order, last), order) for order in orders)
    assert smallest_order(steps, last) == best
    assert least_breaks(steps, last) == fewest


def test_a_score_that_rises_many_times_in_a_second_leaves_no_break() -> None:
    rises = [(str(score), str(score + 10)) for score in range(0, 240, 10)]
    Random(1).shuffle(rises)
    order = smallest_order(rises, None)
    assert [rises[index][0] for index in order] == [str(score) for score in range(0, 240, 10)]
    assert breaks_of(rises, order, None) == 0


def test_what_returns_to_the_last_value_is_a_round_that_breaks_nothing() -> None:
    there_and_back: list[Step] = [("y", "x"), ("x", "y")]
    assert smallest_order(there_and_back, ("x",)) == [1, 0]
    assert smallest_order(there_and_back, None) == [0, 1]
