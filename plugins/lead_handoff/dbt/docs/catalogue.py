"""What the manifest says about the marts: keys, columns, references, readers."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lead_handoff.dbt.artifacts import MARTS_FOLDER

Node = dict[str, Any]

KEY_TEST = "_has_one_row_per_key"
"""How the data test is called that holds a mart's key; a mart may have others of its kind."""
CARRIED_AS = "carried_as"
"""Meta of a key's column: the names under which other marts carry it."""


@dataclass(frozen=True)
class Column:
    """One column of a mart.

    Attributes:
        name: its name.
        data_type: as the contract has it.
        description: as the page has it, on one line.
        refers_to: mart and column that it refers to, or None.
    """

    name: str
    data_type: str
    description: str
    refers_to: tuple[str, str] | None


@dataclass(frozen=True)
class Mart:
    """One mart.

    Attributes:
        name: of the relation.
        area: folder it lies in.
        description: as its page has it, on one line.
        key: columns that tell its rows apart; none where rows are of several kinds.
        columns: in the page's order.
        reads: models, sources and seeds it reads, in order.
        read_by: models and exposures that read it, in order.
        held_by: data tests and unit tests on it, in order.
        metrics: metrics that count its rows, with their descriptions.
    """

    name: str
    area: str
    description: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]
    reads: tuple[str, ...]
    read_by: tuple[str, ...]
    held_by: tuple[str, ...]
    metrics: tuple[tuple[str, str], ...]

    def references(self) -> dict[str, list[Column]]:
        """Columns that refer to another mart, by its name."""
        found: dict[str, list[Column]] = {}
        for column in self.columns:
            if column.refers_to is not None:
                found.setdefault(column.refers_to[0], []).append(column)
        return found


def marts(manifest: dict[str, Any]) -> list[Mart]:
    """All marts, by area and name."""
    models = {
        unique_id: node
        for unique_id, node in manifest["nodes"].items()
        if node["resource_type"] == "model" and node["fqn"][1] == MARTS_FOLDER
    }
    keys = {node["name"]: _key(manifest, unique_id) for unique_id, node in models.items()}
    targets = _targets(models.values(), keys)
    return sorted(
        (
            Mart(
                name=node["name"],
                area=node["fqn"][2],
                description=one_line(node["description"]),
                key=keys[node["name"]],
                columns=tuple(
                    Column(
                        name=column["name"],
                        data_type=column["data_type"] or "",
                        description=one_line(column["description"]),
                        refers_to=_reference(node["name"], column["name"], targets),
                    )
                    for column in node["columns"].values()
                ),
                reads=_names(manifest, node["depends_on"]["nodes"]),
                read_by=_names(
                    manifest, _of_kind(manifest["child_map"][unique_id], "model", "exposure")
                ),
                held_by=_names(
                    manifest, _of_kind(manifest["child_map"][unique_id], "test", "unit_test")
                ),
                metrics=_metrics(manifest, unique_id),
            )
            for unique_id, node in models.items()
        ),
        key=lambda mart: (mart.area, mart.name),
    )


def one_line(text: str) -> str:
    """A text without its line ends."""
    return " ".join(text.split())


def _key(manifest: dict[str, Any], unique_id: str) -> tuple[str, ...]:
    for child in _of_kind(manifest["child_map"][unique_id], "test"):
        test = manifest["nodes"][child]
        if test["name"].endswith(KEY_TEST):
            return tuple(test["test_metadata"]["kwargs"]["columns"])
    return ()


def _targets(
    models: Iterable[Node], keys: dict[str, tuple[str, ...]]
) -> dict[str, tuple[str, str]]:
    """What a column of a name refers to in whatever mart: a whole key, or what carries a key."""
    found: dict[str, tuple[str, str]] = {}
    for node in sorted(models, key=lambda node: _rank(node["name"])):
        name = node["name"]
        for column in node["columns"].values():
            meta = (column.get("config") or {}).get("meta") or {}
            whole = [column["name"]] if keys[name] == (column["name"],) else []
            for one in (*whole, *meta.get(CARRIED_AS, ())):
                found.setdefault(one, (name, column["name"]))
    return found


def _rank(name: str) -> tuple[int, str]:
    """A dimension is referred to rather than a fact, a fact rather than a sum of facts."""
    kinds = ("dim_", "fct_")
    return next((place for place, kind in enumerate(kinds) if name.startswith(kind)), 2), name


def _reference(
    mart: str, column: str, targets: dict[str, tuple[str, str]]
) -> tuple[str, str] | None:
    target = targets.get(column)
    if target is None or target == (mart, column):
        return None
    return target


def _of_kind(unique_ids: Iterable[str], *kinds: str) -> list[str]:
    return [one for one in unique_ids if one.split(".")[0] in kinds]


def _names(manifest: dict[str, Any], unique_ids: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted({_name(manifest, unique_id) for unique_id in unique_ids}))


def _name(manifest: dict[str, Any], unique_id: str) -> str:
    if unique_id.startswith("source."):
        source = manifest["sources"][unique_id]
        return f"{source['source_name']}.{source['name']}"
    for part in ("nodes", "exposures", "unit_tests"):
        if unique_id in manifest[part]:
            return str(manifest[part][unique_id]["name"])
    return unique_id.rsplit(".", 1)[-1]


def _metrics(manifest: dict[str, Any], unique_id: str) -> tuple[tuple[str, str], ...]:
    """Metrics that stand on the mart's own page."""
    page = manifest["nodes"][unique_id]["patch_path"].split("://", 1)[-1]
    return tuple(
        sorted(
            (metric["name"], one_line(metric["description"]))
            for metric in manifest["metrics"].values()
            if Path(metric["original_file_path"]) == Path(page)
        )
    )
