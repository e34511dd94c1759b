"""docs/landing.md lists every column that is read, as the catalogue has it."""

from __future__ import annotations

from pathlib import Path

from lead_handoff.catalogue import CATALOGUE, Column, ObjectSpec
from lead_handoff.value_rules import KINDS

PAGE = Path(__file__).resolve().parents[2] / "docs" / "landing.md"


def columns_of(spec: ObjectSpec) -> str:
    """An object's row of the page's table."""
    by_kind: dict[str, list[str]] = {}
    for column in spec.columns:
        by_kind.setdefault(column.kind, []).append(_named(column))
    listed = "; ".join(f"{kind}: {', '.join(names)}" for kind, names in by_kind.items())
    return f"| {spec.source} | {spec.name} | {listed} |"


def _named(column: Column) -> str:
    return f"**{column.name}**" if column.required else column.name


def test_every_column_of_every_object_stands_on_the_page() -> None:
    page = PAGE.read_text()
    rows = [columns_of(spec) for objects in CATALOGUE.values() for spec in objects.values()]
    missing = [row for row in rows if row not in page]
    assert not missing, "put into docs/landing.md:\n" + "\n".join(missing)


def test_every_kind_of_value_is_told_on_the_page() -> None:
    page = PAGE.read_text()
    missing = [f"| `{kind.name}` | {kind.form}" for kind in KINDS.values()]
    missing = [row for row in missing if row not in page]
    assert not missing, "put into docs/landing.md:\n" + "\n".join(missing)
