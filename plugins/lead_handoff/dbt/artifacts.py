"""Reading dbt's artifacts: what the project declares, and what a run really did.

A gate needs positive evidence. ``judge`` compares the two, so that a model that was skipped or a
test that never ran cannot pass for success.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lead_handoff.errors import HandoffError

MARTS_FOLDER = "marts"
RESTRICTED_FOLDER = "restricted"
GOOD_STATUS = frozenset({"success", "pass"})
"""A warning is not good: a test that may fail without consequence judges nothing."""
FULL_BUILD_TAG = "full_build"
"""Tests of what models and agreement alone decide: another row cannot break them."""


class ArtifactError(HandoffError):
    """An artifact of dbt is missing or cannot be read."""


@dataclass(frozen=True)
class PublishedModel:
    """A model readers get a view of: the relation in the slot, and the schema of the view."""

    name: str
    schema: str


@dataclass(frozen=True)
class NodeFailure:
    """One node that did not end well.

    Attributes:
        kind: model, seed, test, ….
        name: its name in the project.
        status: dbt's word: error, fail, warn, skipped, or "not run".
        message: dbt's message, on one line.
        path: file of the node, relative to the project.
        compiled: the statement of a test that was run, which gives the rows that break it.
        relation: the table that a test of a column judges.
        column: that column.
    """

    kind: str
    name: str
    status: str
    message: str
    path: str
    compiled: str | None = None
    relation: str | None = None
    column: str | None = None

    def __str__(self) -> str:
        """As one line for people."""
        return f"{self.kind} {self.name} ({self.path}): {self.status}: {self.message}"


@dataclass(frozen=True)
class Verdict:
    """What a run did, set against what the project declares."""

    models: int
    seeds: int
    tests: int
    declared_tests: int
    failures: tuple[NodeFailure, ...]

    @property
    def is_good(self) -> bool:
        """Everything declared was run and ended well, and there was something to run."""
        return not self.failures and self.models > 0 and self.tests == self.declared_tests


def read(path: Path) -> dict[str, Any]:
    """One artifact.

    Raises ArtifactError when it is missing or cut short.
    """
    try:
        content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise ArtifactError(f"dbt left no {path.name} ({path}). Run the night again.") from error
    except ValueError as error:
        raise ArtifactError(f"{path} is not whole ({error}). Run the night again.") from error
    return content


def published_models(manifest: dict[str, Any]) -> list[PublishedModel]:
    """Every model under models/marts, with the schema its view lives in."""
    published = []
    for node in manifest["nodes"].values():
        if node["resource_type"] != "model" or node["config"].get("materialized") == "ephemeral":
            continue
        folders = Path(node["path"]).parts[:-1]
        if folders[:1] == (MARTS_FOLDER,):
            restricted = folders[1:2] == (RESTRICTED_FOLDER,)
            schema = RESTRICTED_FOLDER if restricted else MARTS_FOLDER
            published.append(PublishedModel(node["alias"], schema))
    return sorted(published, key=lambda model: (model.schema, model.name))


def _was_to_run(node: dict[str, Any], *, is_full: bool) -> bool:
    """Whether a build of this kind runs a model, seed or test."""
    config = node["config"]
    if node["resource_type"] == "model":
        stays = {"ephemeral"} if is_full else {"ephemeral", "view"}
        return config.get("materialized") not in stays
    return is_full or FULL_BUILD_TAG not in config.get("tags", ())


def _judged_by(
    node: dict[str, Any], result: dict[str, Any] | None, manifest: dict[str, Any]
) -> dict[str, str | None]:
    """What tells which rows a failed test is about."""
    if node["resource_type"] != "test" or result is None:
        return {}
    judged = manifest["nodes"].get(node.get("attached_node") or "", {})
    return {
        "compiled": result.get("compiled_code") if result["status"] in ("fail", "warn") else None,
        "relation": judged.get("relation_name"),
        "column": node.get("column_name"),
    }


def judge(
    manifest: dict[str, Any],
    run_results: dict[str, Any],
    *,
    kinds: Iterable[str],
    is_full: bool = True,
) -> Verdict:
    """Compare a run with the project, for the kinds of node (model, seed, test) it was to run.

    Where the build was not a full one, views were to stay as they are, and what only a full build
    can change was not to be tested again.
    """
    wanted = frozenset(kinds)
    declared = {
        unique_id: node
        for unique_id, node in manifest["nodes"].items()
        if node["resource_type"] in wanted and _was_to_run(node, is_full=is_full)
    }
    results = {result["unique_id"]: result for result in run_results["results"]}
    failures = []
    counts = dict.fromkeys(("model", "seed", "test"), 0)
    for unique_id, node in declared.items():
        result = results.get(unique_id)
        status = result["status"] if result else "not run"
        if status in GOOD_STATUS:
            counts[node["resource_type"]] += 1
            continue
        message = (result or {}).get("message") or "no message"
        failures.append(
            NodeFailure(
                kind=node["resource_type"],
                name=node["name"],
                status=status,
                message=" ".join(str(message).split()),
                path=node.get("original_file_path", ""),
                **_judged_by(node, result, manifest),
            )
        )
    # What broke comes first; what was only skipped because of it, last.
    failures.sort(key=lambda failure: (failure.status == "skipped", failure.kind, failure.name))
    return Verdict(
        models=counts["model"],
        seeds=counts["seed"],
        tests=counts["test"],
        declared_tests=sum(1 for node in declared.values() if node["resource_type"] == "test"),
        failures=tuple(failures),
    )
