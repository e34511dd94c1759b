"""Who reviews: the policy's reviewers with their functions, and who took part in a case."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any, LiteralString

import psycopg

from lead_handoff.agreement import Agreement, AgreementError
from lead_handoff.agreement.panel import Kind, Reviewer, Unfit, panel_of
from lead_handoff.review.errors import (
    CompositionError,
    PolicyError,
    QuorumError,
    UnknownReviewerError,
)
from lead_handoff.review.ids import as_in_marts
from lead_handoff.review.policy import POLICY_FILE, Policy

_REFUSED: dict[Kind, type[PolicyError]] = {
    "unknown": UnknownReviewerError,
    "quorum": QuorumError,
    "composition": CompositionError,
}


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
    try:
        rows = Agreement(agreement_dir).rows("agreement_roster", policy.agreement_version)
    except AgreementError as error:
        raise PolicyError(str(error)) from error
    panel = panel_of(policy.reviewers, policy.quorum, rows)
    if isinstance(panel, Unfit):
        raise _REFUSED[panel.kind](
            f"{POLICY_FILE}, version {policy.agreement_version}: reviewers: {panel.message}"
        )
    return panel


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
    in_marts = as_in_marts(connection, people)
    as_frozen = {current: handoff_id for handoff_id, current in in_marts.items()}
    found = connection.execute(
        "select handoff_id, owner_id from review.population"
        " where month = %s and handoff_id = any(%s)",
        [month, list(people)],
    ).fetchall()
    for mart, query in _TOOK_PART.items():
        known = connection.execute("select to_regclass(%s)", [f"marts.{mart}"]).fetchone()
        if known is not None and known[0] is not None:
            found += connection.execute(query, [list(as_frozen)]).fetchall()
    for handoff_id, user_id in found:
        if user_id is not None:
            people[as_frozen.get(handoff_id, handoff_id)].add(str(user_id))
    return people
