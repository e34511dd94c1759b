"""Every member has the same chance, and the test that says so notices samplers that cheat.

Draws are without replacement, so the textbook chi-square is blind by the factor 1 - n/N. The
statistic used: sum of (O - S f)^2 / (S f (1 - f)) times (N - 1) / N, with f = n/N and S seeds; it
is chi-square with N - 1 degrees of freedom.
"""

import hashlib
import random
from collections import Counter
from collections.abc import Callable
from itertools import combinations

import pytest
from scipy import stats

from lead_handoff.review.sampler import draw_strata

MEMBERS, TAKEN, SEEDS, BATCHES = 60, 6, 250, 40
POPULATION = [f"handoff-{number:03d}" for number in range(MEMBERS)]

Sampler = Callable[[str], list[str]]


def honest(seed: str) -> list[str]:
    members = ((key, "all") for key in POPULATION)
    return [ticket.id for ticket in draw_strata(members, seed, {"all": TAKEN})["all"]]


def naive_shuffle(seed: str) -> list[str]:
    """Swaps each place with any place: not all orders are equally likely."""
    dice, order = random.Random(seed), POPULATION[:]
    for place in range(MEMBERS):
        other = dice.randrange(MEMBERS)
        order[place], order[other] = order[other], order[place]
    return order[:TAKEN]


def narrow_tickets(seed: str) -> list[str]:
    """Tickets of four bits: ties are common and go to the smaller id."""

    def ticket(key: str) -> int:
        return hashlib.sha256((seed + key).encode()).digest()[0] >> 4

    return sorted(POPULATION, key=lambda key: (ticket(key), key))[:TAKEN]


def systematic(seed: str) -> list[str]:
    """Every tenth from a random start: single chances are equal, those of pairs are not."""
    step = MEMBERS // TAKEN
    return POPULATION[random.Random(seed).randrange(step) :: step]


def row_order(seed: str) -> list[str]:
    """Takes what comes first, with one member left to chance."""
    return [*POPULATION[: TAKEN - 1], random.Random(seed).choice(POPULATION[TAKEN - 1 :])]


def p_of_singles(draw: Sampler, batch: int) -> float:
    seen = Counter(key for seed in range(SEEDS) for key in draw(f"{batch}/{seed}"))
    share = TAKEN / MEMBERS
    spread = SEEDS * share * (1 - share)
    total = sum((seen[key] - SEEDS * share) ** 2 for key in POPULATION) / spread
    return float(stats.chi2.sf(total * (MEMBERS - 1) / MEMBERS, MEMBERS - 1))


def worst_pair(draw: Sampler) -> int:
    """How often the commonest pair was drawn together in 10,000 draws; 84 are expected of any."""
    seen: Counter[tuple[str, str]] = Counter()
    for seed in range(10_000):
        seen.update(combinations(sorted(draw(f"pair {seed}")), 2))
    return max(seen.values())


def is_uniform(draw: Sampler) -> bool:
    """Whether p-values of single members are uniform and no pair comes far too often."""
    values = [p_of_singles(draw, batch) for batch in range(BATCHES)]
    # 10,000 draws, chance 6*5/(60*59): mean 84.7, deviation 9.2; 150 is seven deviations away.
    return stats.kstest(values, "uniform").pvalue > 0.001 and worst_pair(draw) < 150


@pytest.mark.slow
def test_each_member_and_pair_is_drawn_equally_often() -> None:
    assert is_uniform(honest)


@pytest.mark.slow
@pytest.mark.parametrize("draw", [naive_shuffle, narrow_tickets, systematic, row_order])
def test_a_sampler_that_cheats_is_noticed(draw: Sampler) -> None:
    assert not is_uniform(draw)


@pytest.mark.slow
def test_in_every_stratum_of_a_draw_inclusion_is_even_over_10000_seeds() -> None:
    sizes = {"small": (6, 2), "middle": (25, 5), "large": (60, 6)}
    members = [(f"{name}-{n}", name) for name, (size, _) in sizes.items() for n in range(size)]
    taken = {name: take for name, (_, take) in sizes.items()}
    seen: Counter[str] = Counter()
    for seed in range(10_000):
        for tickets in draw_strata(iter(members), f"stratum {seed}", taken).values():
            seen.update(ticket.id for ticket in tickets)
    for name, (size, take) in sizes.items():
        share = take / size
        spread = 10_000 * share * (1 - share)
        counts = [seen[key] for key, stratum in members if stratum == name]
        total = sum((count - 10_000 * share) ** 2 for count in counts) / spread
        assert stats.chi2.sf(total * (size - 1) / size, size - 1) > 0.001, name
