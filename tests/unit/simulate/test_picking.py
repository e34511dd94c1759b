"""The rule `cherry_picking`, written out a second time to measure it by the number of events."""

from math import comb
from random import Random

import pytest

from lead_handoff.simulate.picking import Doings, accused, quarter, tail


def test_a_rep_picks_when_bunched_against_others_and_own_arrivals() -> None:
    """The model's own case: Bob's team is as bunched, Cid's leads came late, Dan's are few."""
    assert accused(
        [
            Doings("ann", 30, 18, 130, 24, 60, 4),
            Doings("ann", 30, 17, 130, 23, 60, 4),
            Doings("bob", 30, 18, 130, 78, 60, 4),
            Doings("cid", 30, 18, 130, 24, 60, 36),
            Doings("dan", 20, 5, 130, 13, 60, 4),
        ]
    ) == {"ann"}


@pytest.mark.parametrize("case", [(0, 5, 3, 20), (2, 5, 3, 20), (5, 30, 24, 130), (4, 9, 8, 10)])
def test_the_tail_is_that_of_the_hypergeometric_distribution(
    case: tuple[int, int, int, int],
) -> None:
    hits, drawn, marked, total = case
    ways = sum(
        comb(marked, n) * comb(total - marked, drawn - n)
        for n in range(hits, min(drawn, marked) + 1)
    )
    assert tail(*case) == pytest.approx(ways / comb(total, drawn))


def test_who_holds_back_everything_is_seen_and_nobody_else() -> None:
    rng = Random(1)
    assert [accused(quarter(rng, 100, 1.0)) for _ in range(20)] == [{"0"}] * 20
    assert [accused(quarter(rng, 100, 0.0)) for _ in range(20)] == [set()] * 20


def test_too_few_events_are_not_judged() -> None:
    assert quarter(Random(1), 19, 1.0) == []
