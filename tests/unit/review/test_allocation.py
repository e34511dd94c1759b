"""Each stratum gives its share, at least the minimum, and the sum is exact."""

import random

from hypothesis import given
from hypothesis import strategies as st

from lead_handoff.review.allocation import allocate

strata = st.dictionaries(
    st.tuples(st.text(max_size=3), st.text(max_size=3)), st.integers(1, 5000), max_size=12
)
varying = st.dictionaries(
    st.tuples(st.text(max_size=3), st.text(max_size=3)),
    st.tuples(st.integers(1, 5000), st.integers(1, 500)),
    max_size=12,
)


@given(strata, st.integers(0, 400), st.integers(0, 20))
def test_the_sum_is_exact_and_minimums_are_kept(
    sizes: dict[tuple[str, ...], int], total: int, minimum: int
) -> None:
    given_cases = allocate(sizes, total, minimum)
    floor = {stratum: min(size, minimum) for stratum, size in sizes.items()}
    wanted = max(min(total, sum(sizes.values())), sum(floor.values()))
    assert sum(given_cases.values()) == wanted
    assert all(floor[stratum] <= given_cases[stratum] <= sizes[stratum] for stratum in sizes)


@given(strata, st.integers(0, 300), st.integers(0, 100), st.integers(0, 5))
def test_a_larger_sample_takes_nothing_from_any_stratum(
    sizes: dict[tuple[str, ...], int], total: int, more: int, minimum: int
) -> None:
    small, large = allocate(sizes, total, minimum), allocate(sizes, total + more, minimum)
    assert all(small[stratum] <= large[stratum] for stratum in sizes)


@given(varying, st.integers(0, 300), st.integers(0, 100), st.integers(0, 5))
def test_both_laws_hold_for_neymans_allocation_too(
    strata: dict[tuple[str, ...], tuple[int, int]], total: int, more: int, minimum: int
) -> None:
    sizes = {stratum: size for stratum, (size, _) in strata.items()}
    deviations = {stratum: deviation for stratum, (_, deviation) in strata.items()}
    small, large = (allocate(sizes, n, minimum, deviations) for n in (total, total + more))
    floor = {stratum: min(size, minimum) for stratum, size in sizes.items()}
    assert sum(small.values()) == max(min(total, sum(sizes.values())), sum(floor.values()))
    assert all(floor[s] <= small[s] <= large[s] <= sizes[s] for s in sizes)


def test_neyman_gives_more_where_verdicts_vary_more() -> None:
    sizes = {("even",): 100, ("varied",): 100}
    deviations = {("even",): 100, ("varied",): 500}
    assert allocate(sizes, 30, 0, deviations) == {("even",): 5, ("varied",): 25}


def test_equal_deviations_are_proportional() -> None:
    sizes = {("big",): 613, ("middle",): 301, ("small",): 99}
    assert allocate(sizes, 30, 2, dict.fromkeys(sizes, 77)) == allocate(sizes, 30, 2)


def test_a_stratum_keeps_its_case_where_largest_remainders_would_take_it_away() -> None:
    sizes = {("a",): 6, ("b",): 6, ("c",): 2}
    assert allocate(sizes, 10, 0)[("c",)] <= allocate(sizes, 11, 0)[("c",)]


@given(strata, st.integers(0, 300), st.integers(0, 5), st.randoms(use_true_random=False))
def test_the_order_of_strata_does_not_matter(
    sizes: dict[tuple[str, ...], int], total: int, minimum: int, dice: random.Random
) -> None:
    items = list(sizes.items())
    dice.shuffle(items)
    assert allocate(dict(items), total, minimum) == allocate(sizes, total, minimum)


def test_shares_are_proportional() -> None:
    sizes = {("big",): 600, ("middle",): 300, ("small",): 100}
    assert allocate(sizes, 30, 0) == {("big",): 18, ("middle",): 9, ("small",): 3}


def test_a_minimum_lifts_small_strata() -> None:
    sizes = {("big",): 960, ("small",): 30, ("tiny",): 1}
    assert allocate(sizes, 20, 3) == {("big",): 16, ("small",): 3, ("tiny",): 1}


def test_the_minimums_come_first_where_they_need_more_than_the_sample() -> None:
    sizes = {(name,): 50 for name in "abcde"}
    assert allocate(sizes, 8, 2) == {(name,): 2 for name in "abcde"}


def test_of_equal_claims_the_first_by_name_wins() -> None:
    assert allocate({("b",): 5, ("a",): 5}, 1, 0) == {("a",): 1, ("b",): 0}


def test_an_empty_month_gives_nothing() -> None:
    assert allocate({}, 30, 2) == {}
