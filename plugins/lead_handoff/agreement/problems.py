"""Mistakes in an agreement, and how they are told: one line a kind, however many there are."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

_PLACES_SHOWN = 3
_PARTICULARS = re.compile(r"'[^']*'|\"[^\"]*\"|\d+")


@dataclass(frozen=True, order=True)
class AgreementProblem:
    """One mistake: where it stands and what is allowed there.

    `row` is the row as a spreadsheet counts it, the header being row 1; 0 means the whole file.
    """

    file: str
    row: int
    column: str
    message: str

    @property
    def place(self) -> str:
        """Where it stands: file, row and column."""
        where = [self.file]
        where += [f"row {self.row}"] if self.row else []
        where += [f"column {self.column}"] if self.column else []
        return ", ".join(where)

    @property
    def kind(self) -> str:
        """What it has in common with others: what it says, whatever the value or the row."""
        return _PARTICULARS.sub("…", self.message)

    def __str__(self) -> str:
        """As one line."""
        return f"{self.place}: {self.message}"


def told(problems: Iterable[AgreementProblem]) -> list[str]:
    """The mistakes as lines, in their order: those of one kind are one, with the first places."""
    kinds: dict[str, list[AgreementProblem]] = {}
    for problem in problems:
        kinds.setdefault(problem.kind, []).append(problem)
    return [_line(alike) for alike in kinds.values()]


def _line(alike: list[AgreementProblem]) -> str:
    first, number = alike[0], len(alike)
    if number == 1:
        return str(first)
    places = "; ".join(problem.place for problem in alike[:_PLACES_SHOWN])
    following = "; …" if number > _PLACES_SHOWN else ""
    return f"{number} places ({places}{following}): {first.message}"
