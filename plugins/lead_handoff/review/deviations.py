"""How much verdicts vary in each stratum, by the months reviewed before: for Neyman's allocation.

A stratum where nearly everything is valid tells its share with few cases; one where half is needs
many. What is not known yet is taken as varying most.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from math import isqrt
from typing import Any

import psycopg

from lead_handoff.review.allocation import stratum_of
from lead_handoff.review.standing import settled, standing

PERMILLE = 1000


def deviation(invalid: int, judged: int) -> int:
    """Standard deviation of "invalid" in a stratum, in thousandths: 1 to 500.

    The root of p (1 - p) with p = (invalid + 1) / (judged + 2) by the rule of succession, so that a
    stratum without an invalid case so far is not taken for one that never has any.
    """
    among = judged + 2
    return max(1, isqrt(PERMILLE**2 * (invalid + 1) * (among - invalid - 1)) // among)


def deviations(
    connection: psycopg.Connection[Any],
    month: str,
    columns: Sequence[str],
    strata: Iterable[tuple[str, ...]],
) -> dict[tuple[str, ...], int]:
    """Deviation of each of the strata by the verdicts on cases of all months before ``month``.

    Cases that nobody could tell, or on which reviewers still differ, are left out.
    """
    judged: dict[tuple[str, ...], Counter[str]] = defaultdict(Counter)
    before = connection.execute(
        "select distinct month from review.verdicts where month < %s order by month", [month]
    ).fetchall()
    for (earlier,) in before:
        said = settled(standing(connection, str(earlier)))
        members = connection.execute(
            "select handoff_id, team, exit_kind, tier from review.population"
            " where month = %s and handoff_id = any(%s)",
            [earlier, list(said)],
        ).fetchall()
        for handoff_id, team, exit_kind, tier in members:
            judged[stratum_of(columns, team, exit_kind, tier)][said[handoff_id]] += 1
    return {
        stratum: deviation(
            judged[stratum]["invalid"], judged[stratum]["invalid"] + judged[stratum]["valid"]
        )
        for stratum in sorted(strata)
    }
