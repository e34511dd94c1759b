"""What a judgement returns, and the errors it can end in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from lead_handoff.errors import HandoffError

Key = Mapping[str, str]
"""What identifies one failing row: column -> value as text. Ids, dates and counts, never names."""

KEYS_IN_A_MESSAGE = 20


class JudgingError(HandoffError):
    """The judgement itself could not be made: a suite, a setting or the database is not usable."""


class GateFailedError(HandoffError):
    """A gate failed, so the night must not be published. ``result`` holds every failing key."""

    def __init__(self, message: str, result: GateResult) -> None:
        super().__init__(message)
        self.result = result


@dataclass(frozen=True)
class GateFailure:
    """One expectation that does not hold.

    ``keys`` names every failing row, however many there are; it is empty where the expectation
    could not be evaluated at all, and ``message`` then says why.
    """

    expectation: str
    table: str
    message: str
    keys: tuple[Key, ...] = ()
    remedy: str = ""

    def __str__(self) -> str:
        """The failure in a few lines: sentence, the first keys with their total, remedy."""
        lines = [f"{self.expectation} ({self.table}): {self.message}"]
        if self.keys:
            shown = "; ".join(describe(key) for key in self.keys[:KEYS_IN_A_MESSAGE])
            rest = len(self.keys) - KEYS_IN_A_MESSAGE
            more = f"; and {rest} more" if rest > 0 else ""
            lines.append(f"    {len(self.keys)} row(s): {shown}{more}")
        if self.remedy:
            lines.append(f"    what to do: {self.remedy}")
        return "\n".join(lines)


@dataclass(frozen=True)
class GateResult:
    """The outcome of one gate for one night.

    ``declared`` counts the expectations that the suite names, ``executed`` those that were
    evaluated to a yes or a no. ``accepted`` holds failing rows that a person has let through.
    """

    layer: str
    night: date
    declared: int
    executed: int
    failures: tuple[GateFailure, ...] = ()
    accepted: tuple[GateFailure, ...] = ()
    docs: Path | None = field(default=None, compare=False)

    @property
    def passed(self) -> bool:
        """True only on positive evidence: something was declared, all of it ran, nothing failed."""
        return self.declared > 0 and self.executed == self.declared and not self.failures

    def __str__(self) -> str:
        """The outcome as a few lines for a log."""
        verdict = "passed" if self.passed else "FAILED"
        head = (
            f"gate {self.layer} for night {self.night.isoformat()} {verdict}: "
            f"{self.executed} of {self.declared} expectations evaluated, "
            f"{len(self.failures)} failed"
        )
        return "\n".join([head, *(f"- {failure}" for failure in self.failures)])


@dataclass(frozen=True)
class FindingsResult:
    """Open findings of the slot that was judged.

    ``counts`` has every rule that was judged, also those without findings; ``finding_ids`` the
    ids behind each count, all of them; ``grades`` how many of all are how sure; ``waived`` how
    many a waiver silences, per rule; ``exceeded`` the rules with more open findings than the
    agreement tolerates; ``not_built`` the rules of the agreement that this version of the project
    does not look for yet.
    """

    counts: Mapping[str, int]
    finding_ids: Mapping[str, tuple[str, ...]]
    grades: Mapping[str, int]
    severities: Mapping[str, str]
    waived: Mapping[str, int]
    exceeded: tuple[str, ...]
    not_built: tuple[str, ...]
    docs: Path | None = field(default=None, compare=False)

    @property
    def total(self) -> int:
        """Number of open findings of all rules together."""
        return sum(self.counts.values())


def describe(key: Key) -> str:
    """A key as ``column=value`` pairs."""
    return ", ".join(f"{column}={value}" for column, value in key.items())
