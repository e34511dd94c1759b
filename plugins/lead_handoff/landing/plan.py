"""Where each column of a file goes, and what is remarkable about the file's set of columns."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from lead_handoff.catalogue import METADATA_COLUMNS, Column, ObjectSpec, fold, snake_case
from lead_handoff.landing.errors import LandingError
from lead_handoff.landing.stage import STAGED_COLUMNS

_SYSTEM_COLUMNS = frozenset({"ctid", "xmin", "xmax", "cmin", "cmax", "tableoid"})
"""Names that PostgreSQL keeps for itself in every table."""
_KEPT = _SYSTEM_COLUMNS | {*METADATA_COLUMNS, *STAGED_COLUMNS}
_LONGEST_IDENTIFIER = 63  # bytes, PostgreSQL's limit


@dataclass(frozen=True)
class FilePlan:
    """For each position of a record: the catalogue's column (None if unknown) and the raw column.

    ``targets`` is None where a column goes to the overflow.
    """

    names: tuple[str, ...]
    columns: tuple[Column | None, ...]
    targets: tuple[str | None, ...]

    @property
    def has_overflow(self) -> bool:
        """Whether some columns have no raw column of their own."""
        return None in self.targets


def plan_file(
    spec: ObjectSpec, names: Sequence[str], existing: Iterable[str], table_columns: int
) -> FilePlan:
    """Assign the columns of a header.

    ``existing`` are the raw table's columns; a table gets no more than ``table_columns``, what is
    beyond goes to the overflow. Raises LandingError: blank_column_name, duplicate_column,
    missing_column.
    """
    refuse_bad_names(names)
    columns = tuple(spec.by_folded_name.get(fold(name)) for name in names)
    extras = landed_names(spec, [n for n, column in zip(names, columns, strict=True) if not column])
    taken = set(existing)
    targets: list[str | None] = []
    for name, column in zip(names, columns, strict=True):
        target = column.landed if column else extras[name]
        if column is None and target not in taken:
            if len(taken) >= table_columns:
                targets.append(None)
                continue
            taken.add(target)
        targets.append(target)
    return FilePlan(tuple(names), columns, tuple(targets))


def refuse_bad_names(names: Sequence[str]) -> None:
    """Raise LandingError where a name is blank or stands twice (but for case and spaces)."""
    if any(not name.strip() for name in names):
        raise LandingError("blank_column_name", "a column of the header has no name; name it")
    twice = [name for name, count in Counter(map(fold, names)).items() if count > 1]
    if twice:
        raise LandingError(
            "duplicate_column",
            f"the header names {shown(twice)} more than once; rename the repeats",
        )


def refuse_missing(spec: ObjectSpec, names: Iterable[str]) -> None:
    """Raise LandingError(missing_column) where a required column is not among the names."""
    present = {fold(name) for name in names}
    missing = [c.name for c in spec.columns if c.required and fold(c.name) not in present]
    if missing:
        raise LandingError(
            "missing_column",
            f"the required column(s) {shown(missing)} are missing; add them to the export",
        )


def landed_names(spec: ObjectSpec, names: Sequence[str]) -> dict[str, str]:
    """Raw column for each name that the catalogue does not know.

    A name of PostgreSQL's or landing's own gets an underscore behind it. Names that would meet in
    one column, or meet one of the catalogue's, get a suffix made from the name itself: the same
    name lands in the same column in any company.
    """
    reserved = {column.landed for column in spec.columns}
    wanted = {name: snake_case(name.strip()) for name in names}
    wanted |= {name: f"{landed}_" for name, landed in wanted.items() if landed in _KEPT}
    first: dict[str, str] = {}
    for name in sorted(names):
        first.setdefault(wanted[name], name)
    result = {}
    for name in names:
        landed = wanted[name]
        is_lossy = not name.isascii() or not landed.strip("_")
        is_taken = landed in reserved or first[landed] != name
        is_long = len(landed) > _LONGEST_IDENTIFIER
        needs_suffix = is_taken or is_lossy or is_long
        result[name] = _with_suffix(landed, name) if needs_suffix else landed
    return result


def _with_suffix(landed: str, name: str) -> str:
    suffix = "_" + hashlib.sha256(fold(name).encode("utf-8", "surrogatepass")).hexdigest()[:8]
    return landed[: _LONGEST_IDENTIFIER - len(suffix)] + suffix


def column_remarks(spec: ObjectSpec, plan: FilePlan) -> list[tuple[str, str]]:
    """(kind, detail) of what a header is remarkable for."""
    remarks: list[tuple[str, str]] = []
    pairs = list(zip(plan.names, plan.columns, plan.targets, strict=True))
    restyled = [n for n, column, _ in pairs if column and column.name != n]
    if restyled:
        remarks.append(("header_form", f"case or outer spaces differ: {shown(restyled)}"))
    extra = [(name, target) for name, column, target in pairs if column is None]
    if extra:
        listed = shown([f"{name} -> {target or '_overflow'}" for name, target in extra])
        remarks.append(("extra_column", listed))
    collided = [n for n, target in extra if target and target != snake_case(n.strip())]
    if collided:
        remarks.append(("column_renamed", f"landed under a name of their own: {shown(collided)}"))
    present = {fold(name) for name in plan.names}
    absent = [c.name for c in spec.columns if fold(c.name) not in present]
    if absent:
        remarks.append(("missing_optional_column", f"null throughout: {shown(absent)}"))
    return remarks


def shown(names: Sequence[str], most: int = 30) -> str:
    """Names for a message: printable, and not too many."""
    listed = [printable(name)[:80] for name in names[:most]]
    more = f" and {len(names) - most:,} more" if len(names) > most else ""
    return ", ".join(listed) + more


def printable(text: str) -> str:
    """Text with whatever could upset a terminal or a log written as an escape."""
    return "".join(
        character if character.isprintable() else character.encode("unicode_escape").decode()
        for character in text
    )
