"""Who reviews: the policy's reviewers with their functions, and who took part in a case."""

import csv
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, LiteralString

import psycopg

from lead_handoff.review.errors import (
    CompositionError,
    PolicyError,
    QuorumError,
    UnknownReviewerError,
)
from lead_handoff.review.policy import POLICY_FILE, Policy

ROSTER_FILE = "agreement_roster.csv"
EXECUTIVE = "executive"
FUNCTIONS = ("sales", "marketing")
"""The two sides; a case that two people look at is looked at by both."""


@dataclass(frozen=True)
class Reviewer:
    """One reviewer as the agreement's roster has them."""

    id: str
    function: str
    is_executive: bool


def read_roster(agreement_dir: Path, policy: Policy) -> tuple[Reviewer, ...]:
    """The policy's reviewers in its order; none where the policy names none.

    Raises:
        UnknownReviewerError: one is named twice, or is not on the roster of that version.
        QuorumError: the quorum is larger than their number.
        CompositionError: sales, marketing or an executive is missing among them.
        PolicyError: the roster cannot be read.
    """
    if not policy.reviewers:
        return ()
    where = f"{POLICY_FILE}, version {policy.agreement_version}: reviewers"
    if len(set(policy.reviewers)) < len(policy.reviewers):
        raise UnknownReviewerError(f"{where} names somebody twice; name each once")
    people = {
        row["user_id"]: row
        for row in reversed(_rows(agreement_dir / ROSTER_FILE))
        if row["agreement_version"] == policy.agreement_version
    }
    missing = [name for name in policy.reviewers if name not in people]
    if missing:
        raise UnknownReviewerError(
            f"{where}: {', '.join(missing)} not in {ROSTER_FILE} of that version; add them there"
        )
    roster = tuple(
        Reviewer(
            name,
            people[name]["function"],
            EXECUTIVE in (people[name]["function"], people[name]["role"]),
        )
        for name in policy.reviewers
    )
    if policy.quorum > len(roster):
        raise QuorumError(
            f"{where} names {len(roster)}, and the quorum is {policy.quorum}; name more people or "
            "lower the quorum"
        )
    lacking = lacks([asdict(reviewer) for reviewer in roster])
    if lacking:
        raise CompositionError(
            f"{where}: nobody stands for {' and '.join(lacking)}; a review needs both functions "
            "and an executive"
        )
    return roster


def lacks(reviewers: Iterable[dict[str, Any]]) -> list[str]:
    """Which of both functions and an executive have nobody among these reviewers."""
    present = list(reviewers)
    functions = {reviewer["function"] for reviewer in present}
    missing = [function for function in FUNCTIONS if function not in functions]
    if not any(reviewer["is_executive"] for reviewer in present):
        missing.append("an executive")
    return missing


_TOOK_PART: dict[str, LiteralString] = {
    "fct_handoffs": """
        select handoff_id, unnest(array[
            owner_id_at_offer, offered_by_id, accepted_by_id, rejected_by_id
        ]) from marts.fct_handoffs where handoff_id = any(%s)
    """,
    "fct_handoff_legs": """
        select handoff_id, owner_id from marts.fct_handoff_legs where handoff_id = any(%s)
    """,
    "fct_touches": """
        select handoff_id, user_id from marts.fct_touches where handoff_id = any(%s)
    """,
    "fct_stage_transitions": """
        select handoffs.handoff_id, moves.actor_id
        from marts.fct_handoffs as handoffs
        join marts.fct_stage_transitions as moves
            on moves.lead_id = handoffs.lead_id
            and moves.entered_at
                in (handoffs.accepted_at, handoffs.rejected_at, handoffs.sent_back_at)
        where handoffs.handoff_id = any(%s)
    """,
}


def took_part(
    connection: psycopg.Connection[Any], month: str, handoff_ids: Iterable[str]
) -> dict[str, set[str]]:
    """Who owned, offered, touched, accepted, rejected or sent back each case.

    The owner at the offer is that of the frozen population; the rest is read from the marts, which
    may not hold a case by now.
    """
    people: dict[str, set[str]] = {handoff_id: set() for handoff_id in handoff_ids}
    found = connection.execute(
        "select handoff_id, owner_id from review.population"
        " where month = %s and handoff_id = any(%s)",
        [month, list(people)],
    ).fetchall()
    for mart, query in _TOOK_PART.items():
        known = connection.execute("select to_regclass(%s)", [f"marts.{mart}"]).fetchone()
        if known is not None and known[0] is not None:
            found += connection.execute(query, [list(people)]).fetchall()
    for handoff_id, user_id in found:
        if user_id is not None:
            people[handoff_id].add(str(user_id))
    return people


def _rows(path: Path) -> list[dict[str, str]]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = list(csv.DictReader(file))
    except OSError as error:
        raise PolicyError(f"the roster {path} cannot be read: {error}") from error
    return [{key: (value or "").strip() for key, value in row.items() if key} for row in rows]
