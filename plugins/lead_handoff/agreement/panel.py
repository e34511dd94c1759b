"""The people who review rejected leads: whether those that a version names can."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

FUNCTIONS = ("sales", "marketing")
"""The two sides; a case that two people look at is looked at by both."""
EXECUTIVE = "executive"

Kind = Literal["unknown", "quorum", "composition"]


@dataclass(frozen=True)
class Reviewer:
    """One reviewer as the agreement's roster has them."""

    id: str
    function: str
    is_executive: bool


@dataclass(frozen=True)
class Unfit:
    """Why a panel cannot review, and how to mend it."""

    kind: Kind
    message: str


def panel_of(
    names: Sequence[str], quorum: int, roster: Iterable[Mapping[str, str]]
) -> tuple[Reviewer, ...] | Unfit:
    """The reviewers of these names, in their order; none where none is named.

    Args:
        names: user ids as the policy names them.
        quorum: how many of them a review needs.
        roster: the rows of the same version's roster; of several with one id the first counts.
    """
    if len(set(names)) < len(names):
        return Unfit("unknown", "names somebody twice; name each once")
    people: dict[str, Mapping[str, str]] = {}
    for row in roster:
        people.setdefault(row["user_id"], row)
    missing = [name for name in names if name not in people]
    if missing:
        return Unfit(
            "unknown",
            f"not on the roster of that version: {', '.join(missing)}; add them to "
            "agreement_roster.csv, or name others",
        )
    panel = tuple(
        Reviewer(
            name,
            people[name]["function"],
            EXECUTIVE in (people[name]["function"], people[name]["role"]),
        )
        for name in names
    )
    if panel and quorum > len(panel):
        return Unfit(
            "quorum",
            f"names {len(panel)}, and the quorum is {quorum}; name more people or lower the quorum",
        )
    lacking = lacks((each.function, each.is_executive) for each in panel)
    if panel and lacking:
        return Unfit(
            "composition",
            f"nobody stands for {' and '.join(lacking)}; a review needs both functions and an "
            "executive",
        )
    return panel


def lacks(present: Iterable[tuple[str, bool]]) -> list[str]:
    """Which of both functions and an executive have nobody among these.

    Args:
        present: the function of each, and whether it is an executive.
    """
    people = list(present)
    functions = {function for function, _ in people}
    missing = [function for function in FUNCTIONS if function not in functions]
    if not any(is_executive for _, is_executive in people):
        missing.append("an executive")
    return missing
