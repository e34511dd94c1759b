"""How far reviewers agree beyond chance, with an interval."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt
from statistics import NormalDist


@dataclass(frozen=True)
class Agreement:
    """Krippendorff's alpha or Cohen's kappa over ``cases`` with two verdicts or more.

    ``value`` is None where everybody always said the same one word, or no case has two verdicts:
    chance cannot be told then. ``least`` and ``most`` are a jackknife interval over the cases,
    None where it cannot be had.
    """

    measure: str
    cases: int
    value: float | None
    least: float | None
    most: float | None


def agreement(cases: Sequence[dict[str, str]], confidence: float) -> Agreement:
    """Agreement over cases, each a mapping reviewer -> verdict.

    Two reviewers: Cohen's kappa. More: Krippendorff's alpha for names, which also takes cases that
    different reviewers judged.
    """
    doubled = [case for case in cases if len(case) > 1]
    reviewers = sorted({name for case in doubled for name in case})
    is_pair = len(reviewers) == 2
    measure = "Cohen's kappa" if is_pair else "Krippendorff's alpha"

    def of(some: Sequence[dict[str, str]]) -> float | None:
        return _kappa(some, reviewers) if is_pair else _alpha(some)

    value, count = of(doubled), len(doubled)
    without = [of([*doubled[:place], *doubled[place + 1 :]]) for place in range(count)]
    known = [each for each in without if each is not None]
    if value is None or count < 3 or len(known) < count:
        return Agreement(measure, count, value, None, None)
    middle = sum(known) / count
    error = sqrt((count - 1) / count * sum((each - middle) ** 2 for each in known))
    if error == 0:  # no case differs from another in what it tells: nothing to estimate from
        return Agreement(measure, count, value, None, None)
    reach = NormalDist().inv_cdf((1 + confidence) / 2) * error
    return Agreement(measure, count, value, max(-1.0, value - reach), min(1.0, value + reach))


def _kappa(cases: Sequence[dict[str, str]], reviewers: Sequence[str]) -> float | None:
    if not cases:
        return None
    first, second = ([case[name] for case in cases] for name in reviewers)
    count = len(cases)
    seen = sum(one == other for one, other in zip(first, second, strict=True)) / count
    by_chance = sum(first.count(word) * second.count(word) for word in set(first)) / count**2
    return None if by_chance == 1 else (seen - by_chance) / (1 - by_chance)


def _alpha(cases: Sequence[dict[str, str]]) -> float | None:
    words = [list(case.values()) for case in cases]
    total = sum(map(len, words))
    flat = [word for each in words for word in each]
    differing = sum(
        sum(len(each) - each.count(word) for word in each) / (len(each) - 1) for each in words
    )
    by_chance = sum(total - flat.count(word) for word in flat)
    return None if by_chance == 0 else 1 - (total - 1) * differing / by_chance
