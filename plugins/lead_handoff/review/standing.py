"""Which verdict of a case counts, for the estimate and the intake.

The marts answer the same question up to a night's as_of (int_review__cases); a test holds the two
together.
"""

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

import psycopg
from psycopg.rows import dict_row

# Of one reviewer's verdicts on a case the newest counts; one that is null takes it back.
_STANDING = """
    select * from (
        select distinct on (handoff_id, reviewer, is_adjudication)
            handoff_id, reviewer, is_adjudication, verdict, cause, accepted_at, verdict_id
        from review.verdicts where month = %s
        order by handoff_id, reviewer, is_adjudication, accepted_at desc, verdict_id desc
    ) as newest
    where verdict is not null
    order by accepted_at, verdict_id
"""


def standing(connection: psycopg.Connection[Any], month: str) -> list[dict[str, Any]]:
    """The verdicts of a month that stand, the oldest first."""
    with connection.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(_STANDING, [month]).fetchall()


def settled(said: Iterable[dict[str, Any]]) -> dict[str, str]:
    """The verdict of each case that has any: the newest adjudication, else what all say.

    ``said`` are verdicts that stand, the oldest first. Where reviewers differ and nobody has
    decided, the case is ``disputed``.
    """
    opinions: dict[str, set[str]] = defaultdict(set)
    decided: dict[str, str] = {}
    for row in said:
        opinions[row["handoff_id"]].add(row["verdict"])
        if row["is_adjudication"]:
            decided[row["handoff_id"]] = row["verdict"]
    alike = {
        case: words.pop() if len(words) == 1 else "disputed" for case, words in opinions.items()
    }
    return alike | decided


def differing(said: Iterable[dict[str, Any]]) -> set[str]:
    """The cases on which reviewers differ, whether decided or not."""
    opinions: dict[str, set[str]] = defaultdict(set)
    for row in said:
        if not row["is_adjudication"]:
            opinions[row["handoff_id"]].add(row["verdict"])
    return {case for case, words in opinions.items() if len(words) > 1}
