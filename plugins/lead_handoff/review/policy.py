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

import csv
import math
import re
from dataclasses import dataclass
from pathlib import Path
from statistics import NormalDist

from lead_handoff.agreement.vocabulary import REVIEW_ALLOCATIONS
from lead_handoff.review.errors import BadSeedError, PolicyError
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
    path = agreement_dir / POLICY_FILE
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = list(csv.DictReader(file))
    except OSError as error:
        raise PolicyError(f"the review policy {path} cannot be read: {error}") from error
    settings = {
        row["setting"].strip(): (row["value"] or "").strip()
        for row in rows
        if (row.get("agreement_version") or "").strip() == agreement_version
    }
    if not settings:
        raise PolicyError(
            f"{path} says nothing about agreement version {agreement_version!r}; add its settings"
        )
    return _policy(agreement_version, settings, path)


def _policy(agreement_version: str, settings: dict[str, str], path: Path) -> Policy:
    def refuse(setting: str, remedy: str) -> PolicyError:
        return PolicyError(
            f"{path.name}, version {agreement_version}: {setting} = {settings.get(setting, '')!r}; "
            + remedy
        )

    def whole(setting: str, default: int | None) -> int | None:
        text = settings.get(setting, "")
        if not text:
            return default
        if not (text.isascii() and text.isdigit()):
            raise refuse(setting, "give a whole number of 0 or more")
        return int(text)

    def share(setting: str, default: float | None) -> float | None:
        text = settings.get(setting, "")
        if not text:
            return default
        try:
            number = float(text)
        except ValueError:
            number = math.nan
        if not 0 < number < 1:
            raise refuse(setting, "give a number between 0 and 1")
        return number

    strata = tuple(part.strip() for part in settings.get("strata", "").split("|") if part.strip())
    if not strata or set(strata) - set(STRATUM_COLUMNS) or len(set(strata)) < len(strata):
        raise refuse("strata", f"join some of {', '.join(STRATUM_COLUMNS)} by |, each once")
    allocation = settings.get("allocation") or "proportional"
    if allocation not in REVIEW_ALLOCATIONS:
        raise refuse("allocation", f"give {' or '.join(REVIEW_ALLOCATIONS)}")
    if settings.get("personal_data", "none") not in ("", "none"):
        raise refuse("personal_data", "only none is offered: case files hold no personal data")
    if settings.get("census", "false").lower() not in ("true", "false", ""):
        raise refuse("census", "give true or false")
    sample_size = whole("sample_size", None)
    half_width = share("half_width", None)
    if sample_size is None and half_width is None:
        raise refuse("sample_size", "give a number of cases, or half_width for a precision")
    if sample_size == 0:
        raise refuse("sample_size", "give a number above 0")
    share("double_review_share", None)
    default_seed = settings.get("default_seed") or None
    try:
        agreed_seed(default_seed or "0", "2000-01")
    except BadSeedError as error:
        raise refuse("default_seed", "give up to 190 printable characters") from error
    first_month = settings.get("months_reviewed_from") or None
    if first_month and not re.fullmatch(r"\d{4}-(0[1-9]|1[0-2])", first_month):
        raise refuse("months_reviewed_from", "give a month, as 2026-04")
    return Policy(
        agreement_version=agreement_version,
        strata=strata,
        minimum_per_stratum=whole("minimum_per_stratum", 0) or 0,
        sample_size=sample_size,
        half_width=half_width,
        confidence=share("confidence", 0.95) or 0.95,
        census_below=whole("census_below", 0) or 0,
        census=settings.get("census", "").lower() == "true",
        allocation=allocation,
        reviewers=tuple(
            part.strip() for part in settings.get("reviewers", "").split("|") if part.strip()
        ),
        quorum=whole("quorum", 0) or 0,
        # As text, so that a fifth is a fifth for everybody who works the assignment out again.
        double_review_share=settings.get("double_review_share") or "0",
        default_seed=default_seed,
        months_reviewed_from=first_month,
    )


def agreed_seed(default_seed: str, month: str) -> str:
    """A month's seed where nobody gives one: the agreed text, a stroke, the month.

    Raises:
        BadSeedError: the text cannot be part of a seed.
    """
    return checked_seed(f"{default_seed}/{month}")
