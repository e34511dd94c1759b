"""The dbt project as files: its fingerprint, where it is laid out, where dbt keeps its own files.

dbt never works in the checkout, nor in the user's agreement. It is given a project laid out under
HANDOFF_HOME: links to the models, and a copy of the agreement as it was when the night began. The
copy matters: dbt writes each seed's compiled form to ``<target>/run/<project>/<seed path>``, which
for a seed path outside the project is the user's own file.

What the models have to know of the installation stands in the project laid out too, as dbt's vars:
they are the same every night, so dbt keeps its parsed project.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from importlib.metadata import version
from pathlib import Path
from typing import Any

from lead_handoff import settings
from lead_handoff.agreement import written
from lead_handoff.catalogue import CATALOGUE
from lead_handoff.limits import read_limits
from lead_handoff.value_rules import DateLimits

LINKED = ("models", "macros", "tests", "profiles.yml", "seeds/reference")
PROJECT = "dbt_project.yml"
AGREEMENT = "seeds/agreement"
PARTS_OF_CODE = ("models", "macros", "seeds/reference", "tests", "dbt_project.yml")


def code_hash(project: Path | None = None) -> str:
    """Hash of all that decides what a build makes of the same rows: models, macros, dbt, its vars.

    The agreement has a hash of its own (it may live outside the project).
    """
    root = project or settings.dbt_project_dir()
    digest = hashlib.sha256()
    for package in ("dbt-core", "dbt-postgres"):
        digest.update(f"{package} {version(package)}\n".encode())
    digest.update(_as_yaml(variables()).encode())
    for part in PARTS_OF_CODE:
        start = root / part
        files = sorted(start.rglob("*")) if start.is_dir() else [start]
        for path in files:
            if path.is_file():
                digest.update(f"{path.relative_to(root).as_posix()}\0".encode())
                digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def variables() -> dict[str, Any]:
    """What the models have to know of this installation, as dbt's vars.

    Raises:
        SettingError: a setting is wrongly written, or the gates' limits are.
    """
    limits = read_limits(settings.expectations_dir(), settings.judging_dir())
    return {
        "dates": DateLimits.from_environment().as_variable(),
        "freshness_days": limits["freshness_days"],
        "elt_landings": {
            f"raw_{source}": {
                "schema": landing.schema,
                "without": sorted(landing.without),
                "keys": {spec.table: spec.landed_key for spec in CATALOGUE[source].values()},
                "stamps": {spec.table: spec.landed_stamps for spec in CATALOGUE[source].values()},
            }
            for source, landing in sorted(settings.elt_landings().items())
        },
    }


def reads_elt_landings() -> bool:
    """Whether staging reads tables that an ELT service keeps.

    Those change in place and know no loads, so nothing tells what is news in them: each build that
    reads them starts from the beginning.
    """
    return bool(settings.elt_landings())


def _as_yaml(given: dict[str, Any]) -> str:
    # Each line of JSON is YAML as well.
    return "".join(f"  {name}: {json.dumps(value)}\n" for name, value in given.items())


def laid_out_dir() -> Path:
    """The project that dbt is run on."""
    return settings.home() / "dbt" / "project"


def lay_out(agreement: Path | None = None, target: Path | None = None) -> Path:
    """Lay the project out under HANDOFF_HOME with the agreement of this moment; return its folder.

    An agreement written before a column was added has it here, blank, and each value is in its one
    form: the models rely on it. What an earlier call laid out is replaced. Where no other `target`
    is named, only for the run that holds the night.
    """
    source, target = settings.dbt_project_dir(), target or laid_out_dir()
    for part in LINKED:
        link = target / part
        link.parent.mkdir(parents=True, exist_ok=True)
        wanted = source / part
        if link.is_symlink() and os.readlink(link) == str(wanted):
            continue
        link.unlink(missing_ok=True)
        if wanted.exists():
            link.symlink_to(wanted)
    _lay_out_project_file(source / PROJECT, target / PROJECT)
    seeds = target / AGREEMENT
    fresh = target / "seeds" / ".agreement"
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(parents=True)
    for path in sorted((agreement or settings.agreement_dir()).glob("*.csv")):
        (fresh / path.name).write_bytes(written(path.parent, path.stem))
    shutil.rmtree(seeds, ignore_errors=True)
    fresh.rename(seeds)
    return target


def _lay_out_project_file(source: Path, target: Path) -> None:
    """The project's file with this installation's vars at its end, for which it has no block."""
    wanted = f"{source.read_text(encoding='utf-8')}\nvars:\n{_as_yaml(variables())}"
    if target.is_symlink():  # as older releases laid it out; never write through it
        target.unlink()
    elif target.exists() and target.read_text(encoding="utf-8") == wanted:
        return
    target.write_text(wanted, encoding="utf-8")


def target_dir(slot: str) -> Path:
    """Files of dbt for one slot: each keeps a parsed project of its own between nights."""
    return settings.home() / "dbt" / slot / "target"


def log_dir(slot: str) -> Path:
    """Log of dbt for one slot."""
    return settings.home() / "dbt" / slot / "logs"


def count_models(project: Path | None = None) -> int:
    """How many model files the project has: the total that progress counts up to."""
    return sum(1 for _ in ((project or settings.dbt_project_dir()) / "models").rglob("*.sql"))
