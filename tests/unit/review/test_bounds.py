"""Bounds on the invalid hold at least as often as they say, whatever the truth is."""

import random
from fractions import Fraction
from itertools import product

import pytest
from scipy.stats import hypergeom

from lead_handoff.review.bounds import Bounds, Reviewed, bounds, combined
from lead_handoff.review.raters import agreement

NINETY_FIVE = Fraction(95, 100)


@pytest.mark.parametrize(("population", "cases"), [(1, 1), (7, 3), (12, 5), (20, 1), (9, 9)])
def test_bounds_are_those_of_trying_every_number(population: int, cases: int) -> None:
    for invalid in range(cases + 1):
        possible = [
            number
            for number in range(invalid, population - (cases - invalid) + 1)
            if hypergeom.sf(invalid - 1, population, number, cases) > 0.025
            and hypergeom.cdf(invalid, population, number, cases) > 0.025
        ]
        found = bounds(Reviewed(population, cases, invalid, 0), NINETY_FIVE)
        assert (found.least, found.most) == (possible[0], possible[-1])


@pytest.mark.parametrize(("population", "cases"), [(4, 2), (15, 6), (40, 10), (6, 6), (5, 0)])
def test_one_stratum_is_covered_for_every_truth(population: int, cases: int) -> None:
    for truth in range(population + 1):
        covered = 0.0
        for invalid in range(max(0, cases - population + truth), min(cases, truth) + 1):
            found = bounds(Reviewed(population, cases, invalid, 0), NINETY_FIVE)
            if found.least <= truth <= found.most:
                covered += float(hypergeom.pmf(invalid, population, truth, cases))
        assert covered >= 0.95


SHAPES = [
    [(200, 20), (60, 8), (9, 2), (2, 2)],
    [(500, 25), (500, 25)],
    [(3, 2), (4, 2), (5, 2), (6, 2), (7, 2), (8, 2)],
    [(30, 30), (12, 12)],
    [(1000, 3), (10, 9), (50, 0)],
]


@pytest.mark.parametrize(
    ("shape", "share"),
    list(product(SHAPES, [0, 0.03, 0.3, 0.5, 0.8, 1])),
    ids=lambda value: str(value),
)
def test_2000_simulated_reviews_cover_the_truth_at_least_as_stated(
    shape: list[tuple[int, int]], share: float
) -> None:
    chance = random.Random(f"{shape}{share}")
    truth = [round(population * share) for population, _ in shape]
    covered = 0
    for _ in range(2000):
        strata = []
        for (population, cases), invalid_ones in zip(shape, truth, strict=True):
            drawn = chance.sample(range(population), cases)
            invalid = sum(each < invalid_ones for each in drawn)
            # Some cases cannot be told, and which ones has to do with what they are.
            unknown_invalid = sum(chance.random() < 0.2 for _ in range(invalid))
            unknown_valid = sum(chance.random() < 0.02 for _ in range(cases - invalid))
            strata.append(
                Reviewed(
                    population,
                    cases,
                    invalid - unknown_invalid,
                    unknown_invalid + unknown_valid,
                )
            )
        found = combined(strata, NINETY_FIVE)
        covered += found.least <= sum(truth) <= found.most
    assert covered >= 0.95 * 2000


def test_a_census_is_certain_and_its_unknown_are_all_that_is_not() -> None:
    assert combined([Reviewed(30, 30, 7, 0)], NINETY_FIVE) == Bounds(7, 7, 30)
    assert combined([Reviewed(30, 30, 7, 4)], NINETY_FIVE) == Bounds(7, 11, 30)


def test_what_was_not_drawn_or_told_may_be_anything() -> None:
    assert bounds(Reviewed(50, 0, 0, 0), NINETY_FIVE) == Bounds(0, 50, 50)
    assert bounds(Reviewed(50, 10, 0, 10), NINETY_FIVE) == Bounds(0, 50, 50)


def test_a_month_of_a_million_is_bounded_exactly_too() -> None:
    found = bounds(Reviewed(1_000_000, 400, 120, 3), NINETY_FIVE)
    # Between the binomial intervals of Clopper and Pearson for 120 and for 123 of 400.
    assert 255_000 < found.least < 256_000
    assert 355_000 < found.most < 356_000


def test_cohens_kappa_of_the_textbook() -> None:
    # 20 yes-yes, 5 yes-no, 10 no-yes, 15 no-no: observed 0.7, by chance 0.5.
    pairs = [("y", "y")] * 20 + [("y", "n")] * 5 + [("n", "y")] * 10 + [("n", "n")] * 15
    found = agreement([{"a": one, "b": other} for one, other in pairs], 0.95)
    assert (found.measure, found.cases) == ("Cohen's kappa", 50)
    assert found.value == pytest.approx(0.4)
    # Fleiss, Cohen and Everitt give a standard error of 0.1265 for this table.
    assert found.least == pytest.approx(0.4 - 1.96 * 0.1265, abs=0.02)
    assert found.most == pytest.approx(0.4 + 1.96 * 0.1265, abs=0.02)


def test_krippendorffs_alpha_of_three_reviewers() -> None:
    # Coincidences by hand: 3 cases of two verdicts, n = 6, five "y" and one "n".
    cases = [{"a": "y", "b": "y"}, {"b": "y", "c": "y"}, {"a": "y", "c": "n"}]
    found = agreement(cases, 0.95)
    assert found.measure == "Krippendorff's alpha"
    assert found.value == pytest.approx(1 - 5 * 2 / 10)


def test_agreement_without_a_difference_in_words_is_not_told() -> None:
    assert agreement([{"a": "y", "b": "y"}] * 5, 0.95).value is None
    assert agreement([{"a": "y"}], 0.95).cases == 0
