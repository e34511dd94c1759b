"""A page for each mart, an index with the entity diagram, as Markdown under docs/models."""

from __future__ import annotations

from itertools import groupby
from pathlib import Path
from typing import Any

from lead_handoff import settings
from lead_handoff.dbt.docs import diagram
from lead_handoff.dbt.docs.catalogue import Column, Mart, marts

FOLDER = "docs/models"
DIAGRAM = "marts.svg"
INDEX = "README.md"
NOTICE = "<!-- Written by `make docs` from the pages beside the models; change those. -->\n"


def write(manifest: dict[str, Any]) -> Path:
    """Write all files anew, and delete those of marts that are gone; returns the folder."""
    target = settings.project_root() / FOLDER
    target.mkdir(parents=True, exist_ok=True)
    files = rendered(marts(manifest))
    for path in target.iterdir():
        if path.name not in files:
            path.unlink()
    for name, text in files.items():
        (target / name).write_text(text, encoding="utf-8")
    return target


def rendered(known: list[Mart]) -> dict[str, str]:
    """Every file by its name."""
    names = {mart.name for mart in known}
    pages = {f"{mart.name}.md": _page(mart, known, names) for mart in known}
    return {INDEX: _index(known), DIAGRAM: diagram.drawn(known)} | pages


def _index(known: list[Mart]) -> str:
    lines = [
        NOTICE,
        "# The marts",
        "",
        "What analysts query, in schema `marts`; personal data of leads in schema `restricted`",
        "alone. A column refers to the mart whose key it carries; it may be null, and an owner may",
        "be a queue, which is no user. `make metrics` lists the metrics and answers for them.",
        "",
        f"![Which mart refers to which]({DIAGRAM})",
    ]
    for area, members in groupby(known, key=lambda mart: mart.area):
        lines += ["", f"## {area.capitalize()}", "", "| mart | description |", "| --- | --- |"]
        lines += [f"| {_link(mart.name)} | {_cell(mart.description)} |" for mart in members]
    return "\n".join(lines) + "\n"


def _page(mart: Mart, known: list[Mart], names: set[str]) -> str:
    key = ", ".join(f"`{column}`" for column in mart.key)
    lines = [NOTICE, f"# {mart.name}", "", mart.description, ""]
    lines += [f"Key: {key}." if key else "Key: none; its rows are of several kinds.", ""]
    lines += ["| column | type | description | refers to |", "| --- | --- | --- | --- |"]
    lines += [_row(column) for column in mart.columns]
    referring = sorted(other.name for other in known if mart.name in other.references())
    for title, members in (
        ("Reads", mart.reads),
        ("Read by", mart.read_by),
        ("Referred to by", referring),
        ("Held by tests", mart.held_by),
    ):
        if members:
            links = [_link(one) if one in names else f"`{one}`" for one in members]
            lines += ["", f"## {title}", "", *(f"- {link}" for link in links)]
    if mart.metrics:
        lines += ["", "## Metrics", "", "| metric | description |", "| --- | --- |"]
        lines += [f"| `{name}` | {_cell(description)} |" for name, description in mart.metrics]
    return "\n".join(lines) + "\n"


def _row(column: Column) -> str:
    target = ""
    if column.refers_to is not None:
        mart, other = column.refers_to
        target = _link(mart) if other == column.name else f"{_link(mart)} by `{other}`"
    description = _cell(column.description)
    return f"| `{column.name}` | {column.data_type} | {description} | {target} |"


def _link(mart: str) -> str:
    return f"[`{mart}`]({mart}.md)"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("<", "&lt;")
