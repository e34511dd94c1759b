"""Failing rows that a person has looked at and let through: ``accepted.yml``.

The file lies in expectations/, or in the folder that HANDOFF_JUDGING names.

Only expectations that judge by statistics or by delivery may be answered this way (their suite
says ``acceptable: true``). A broken key or an account that does not add up has to be repaired.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from lead_handoff.authored import read_yaml
from lead_handoff.judging.results import JudgingError, Key
from lead_handoff.judging.suites import Suite

FIELDS = {"expectation", "key", "accepted_by", "accepted_on", "reason"}


@dataclass(frozen=True)
class Acceptance:
    """One decision: which expectation, which key columns with which values, who, when, why."""

    expectation: str
    key: Key
    accepted_by: str
    accepted_on: date
    reason: str

    def covers(self, expectation: str, key: Key) -> bool:
        """Whether a failing row is the one that was let through (further columns may differ)."""
        return expectation == self.expectation and all(
            key.get(column) == value for column, value in self.key.items()
        )


def read_accepted(root: Path, suites: Sequence[Suite]) -> list[Acceptance]:
    """The decisions on file; none if there is no file.

    Raises:
        JudgingError: an entry is incomplete, or tries to accept what may not be accepted.
    """
    file = root / "accepted.yml"
    if not file.exists():
        return []
    try:
        entries = read_yaml(file) or []
    except ValueError as error:
        raise JudgingError(f"{file} cannot be read: {error}") from error
    if not isinstance(entries, list):
        raise JudgingError(f"{file} must be a list of decisions")
    known = {entry.name: entry.acceptable for suite in suites for entry in suite.expectations}
    return [_acceptance(file, number, entry, known) for number, entry in enumerate(entries, 1)]


def split(
    acceptances: Sequence[Acceptance], expectation: str, keys: Sequence[Key]
) -> tuple[list[Key], list[tuple[Key, Acceptance]]]:
    """Failing keys -> those still failing, and those let through with the decision."""
    failing: list[Key] = []
    accepted: list[tuple[Key, Acceptance]] = []
    for key in keys:
        decision = next((entry for entry in acceptances if entry.covers(expectation, key)), None)
        if decision:
            accepted.append((key, decision))
        else:
            failing.append(key)
    return failing, accepted


def _acceptance(file: Path, number: int, entry: Any, known: Mapping[str, bool]) -> Acceptance:
    label = f"{file}: decision {number}"
    if not isinstance(entry, dict) or set(entry) != FIELDS:
        raise JudgingError(f"{label} needs exactly the fields {', '.join(sorted(FIELDS))}")
    if any(not entry[field] for field in FIELDS):
        raise JudgingError(f"{label} leaves a field empty; say who accepted what, when and why")
    name = str(entry["expectation"])
    if name not in known:
        raise JudgingError(f"{label} names {name!r}, which no gate declares")
    if not known[name]:
        raise JudgingError(f"{label}: {name} may not be accepted; repair the rows it names")
    if not isinstance(entry["key"], dict):
        raise JudgingError(f"{label}: `key` maps columns to values")
    if not isinstance(entry["accepted_on"], date):
        raise JudgingError(f"{label}: accepted_on must be a date like 2026-05-01")
    return Acceptance(
        expectation=name,
        key={str(column): str(value) for column, value in entry["key"].items()},
        accepted_by=str(entry["accepted_by"]),
        accepted_on=entry["accepted_on"],
        reason=str(entry["reason"]),
    )
