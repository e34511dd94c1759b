"""The agreement's review policy: which strata, how many cases, when a whole month is reviewed.

Settings (agreement_review_policy.csv: agreement_version, setting, value) that the draw reads:

| setting | meaning |
|---|---|
| strata | columns of the population, joined by "|": team, exit_kind, tier |
| sample_size | cases a month, the reviewers' capacity |
| half_width, confidence | used where sample_size is blank: the wanted precision of a share |
| minimum_per_stratum | cases that each stratum gives at least, or all it has |
| census_below | a month with fewer exits is reviewed whole |
| census | true: every month is reviewed whole |
| allocation | proportional, or neyman: more where earlier months' verdicts vary more |
| personal_data | none |
| reviewers | user ids of those who review, joined by "|" |
| quorum | how many of them a review needs |
| double_review_share | share of the cases that two reviewers look at, one of each function |
| default_seed | what a month's seed is made of where nobody gives one |
| months_reviewed_from | the first month that is reviewed |

Other settings of the policy belong to later steps of the review and are left alone here.
"""

import math
from dataclasses import dataclass
from pathlib import Path
from statistics import NormalDist

from lead_handoff.agreement import Agreement, AgreementError
from lead_handoff.agreement.vocabulary import REVIEW_ALLOCATIONS
from lead_handoff.review.errors import PolicyError
from lead_handoff.review.sampler import checked_seed

POLICY_FILE = "agreement_review_policy.csv"
STRATUM_COLUMNS = ("team", "exit_kind", "tier")


@dataclass(frozen=True)
class Policy:
    """What one version of the agreement says about the draw."""

    agreement_version: str
    strata: tuple[str, ...]
    minimum_per_stratum: int
    sample_size: int | None
    half_width: float | None
    confidence: float
    census_below: int
    census: bool
    allocation: str = "proportional"
    reviewers: tuple[str, ...] = ()
    quorum: int = 0
    double_review_share: str = "0"
    default_seed: str | None = None
    months_reviewed_from: str | None = None

    def size_for(self, population: int) -> int:
        """Cases to draw from a population of this size, minimums of the strata not yet applied.

        Without a fixed size: the smallest n whose normal interval around a share of one half is no
        wider than wanted, corrected for the finite population.
        """
        if self.census or population < self.census_below:
            return population
        if self.sample_size is not None:
            return min(self.sample_size, population)
        if self.half_width is None:  # read_policy refuses this
            raise PolicyError("the review policy gives neither sample_size nor half_width")
        z = NormalDist().inv_cdf((1 + self.confidence) / 2)
        unlimited = z * z / (4 * self.half_width * self.half_width)
        return min(population, math.ceil(unlimited / (1 + (unlimited - 1) / max(population, 1))))


def read_policy(agreement_dir: Path, agreement_version: str) -> Policy:
    """The policy of one version of the agreement.

    Raises:
        PolicyError: the file or the version's settings are missing, or a value cannot be used; the
            message names file, setting and value.
    """
    try:
        rows = Agreement(agreement_dir).rows("agreement_review_policy", agreement_version)
    except AgreementError as error:
        raise PolicyError(str(error)) from error
    if not rows:
        raise PolicyError(
            f"{agreement_dir / POLICY_FILE} says nothing about agreement version "
            f"{agreement_version!r}; add its settings"
        )
    return _policy(agreement_version, {row["setting"]: row["value"] for row in rows})


def _policy(agreement_version: str, settings: dict[str, str]) -> Policy:
    """The policy of settings each of which is of its kind already."""

    def refuse(setting: str, remedy: str) -> PolicyError:
        return PolicyError(
            f"{POLICY_FILE}, version {agreement_version}: {setting} = "
            f"{settings.get(setting, '')!r}; {remedy}"
        )

    def whole(setting: str) -> int | None:
        text = settings.get(setting)
        return int(text) if text else None

    def share(setting: str) -> float | None:
        text = settings.get(setting)
        return float(text) if text else None

    strata = _parts(settings.get("strata", ""))
    if not strata or set(strata) - set(STRATUM_COLUMNS) or len(set(strata)) < len(strata):
        raise refuse("strata", f"join some of {', '.join(STRATUM_COLUMNS)} by |, each once")
    allocation = settings.get("allocation") or "proportional"
    if allocation not in REVIEW_ALLOCATIONS:
        raise refuse("allocation", f"give {' or '.join(REVIEW_ALLOCATIONS)}")
    if settings.get("personal_data", "none") not in ("", "none"):
        raise refuse("personal_data", "only none is offered: case files hold no personal data")
    sample_size, half_width = whole("sample_size"), share("half_width")
    if sample_size is None and half_width is None:
        raise refuse("sample_size", "give a number of cases, or half_width for a precision")
    if sample_size == 0:
        raise refuse("sample_size", "give a number above 0")
    return Policy(
        agreement_version=agreement_version,
        strata=strata,
        minimum_per_stratum=whole("minimum_per_stratum") or 0,
        sample_size=sample_size,
        half_width=half_width,
        confidence=share("confidence") or 0.95,
        census_below=whole("census_below") or 0,
        census=settings.get("census") == "true",
        allocation=allocation,
        reviewers=_parts(settings.get("reviewers", "")),
        quorum=whole("quorum") or 0,
        # As text, so that a fifth is a fifth for everybody who works the assignment out again.
        double_review_share=settings.get("double_review_share") or "0",
        default_seed=settings.get("default_seed") or None,
        months_reviewed_from=settings.get("months_reviewed_from") or None,
    )


def _parts(joined: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in joined.split("|") if part.strip())


def agreed_seed(default_seed: str, month: str) -> str:
    """A month's seed where nobody gives one: the agreed text, a stroke, the month.

    Raises:
        BadSeedError: the text cannot be part of a seed.
    """
    return checked_seed(f"{default_seed}/{month}")
