"""dbt for readers: the project parsed as if it were built in the schema that analysts see.

Nothing is written to the warehouse: the role is the analyst's and the session reads only. What dbt
writes itself lies under HANDOFF_HOME, apart from the nights' files.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from lead_handoff import settings
from lead_handoff.dbt import artifacts, connection, project
from lead_handoff.errors import HandoffError

SCHEMA = "marts"
STATEMENT_TIMEOUT = "10min"

NOBODY = {
    "HANDOFF_DBT_HOST": "nowhere",
    "HANDOFF_DBT_PORT": "5432",
    "HANDOFF_DBT_USER": "nobody",
    "HANDOFF_DBT_PASSWORD": "none",
    "HANDOFF_DBT_DBNAME": "none",
}
"""A login for what needs no database."""


class ReaderError(HandoffError):
    """The project cannot be read, or there is nothing to read yet."""


def folder() -> Path:
    """Where all this lies."""
    return settings.home() / "dbt" / "reader"


def laid_out() -> Path:
    """Lay the project out for readers, and parse it; returns its folder.

    Parsing takes seconds, so it is done anew only after a change of the project, by one process.
    """
    from lead_handoff.local.files import exclusive

    target = folder() / "project"
    with exclusive(folder() / "lock"):
        login = connection.variables("analyst")
        parsed_from = f"{login['HANDOFF_DBT_DBNAME']} {project.code_hash()}"
        stamp = target / "target" / "parsed_from"
        if not stamp.exists() or stamp.read_text() != parsed_from:
            stamp.unlink(missing_ok=True)
            project.lay_out(settings.dbt_project_dir() / project.AGREEMENT, target)
            parse(target, target / "target", login)
            stamp.write_text(parsed_from)
    return target


def parse(root: Path, target: Path, login: Mapping[str, str] = NOBODY) -> dict[str, Any]:
    """Parse a dbt project; returns its manifest.

    No database is needed: of the login, only the database's name gets into the manifest.

    Raises:
        ReaderError: dbt refuses the project; the message is its own.
    """
    run_dbt(["parse"], root, target, login)
    return artifacts.read(target / "manifest.json")


def run_dbt(
    arguments: Sequence[str], root: Path, target: Path, login: Mapping[str, str]
) -> subprocess.CompletedProcess[str]:
    """Run dbt on a project in a child process.

    Raises:
        ReaderError: it failed; the message is dbt's own.
    """
    outcome = subprocess.run(
        [str(Path(sys.executable).with_name("dbt")), *arguments],
        cwd=root,
        env=environment(root, target) | dict(login),
        capture_output=True,
        text=True,
        check=False,
    )
    if outcome.returncode != 0:
        said = (outcome.stdout + outcome.stderr).strip()[-4000:]
        raise ReaderError(f"dbt {arguments[0]} failed on {root}:\n{said}")
    return outcome


def environment(root: Path, target: Path) -> dict[str, str]:
    """What dbt is told, but for the login."""
    return (
        connection.inherited()
        | connection.SILENT
        | {
            "HANDOFF_BUILD_SCHEMA": SCHEMA,
            "HANDOFF_AGREEMENT": project.AGREEMENT,
            "DBT_PROFILES_DIR": str(root),
            "DBT_PROJECT_DIR": str(root),
            "DBT_TARGET_PATH": str(target),
            "DBT_LOG_PATH": str(target.parent / "logs"),
            # Days come from date columns; in which zone the session prints them changes nothing.
            "PGTZ": "UTC",
            "PGOPTIONS": "-c default_transaction_read_only=on"
            f" -c statement_timeout={STATEMENT_TIMEOUT}",
        }
    )


def demand_published_marts() -> None:
    """Refuse to go on where no night has been published.

    Raises:
        ReaderError: there are no marts.
        SettingError: there is no warehouse.
    """
    if not has_published_marts():
        raise ReaderError(
            "There are no marts to ask yet: publish a night first, with `make demo` or"
            " `make nightly DATE=…`."
        )


def has_published_marts() -> bool:
    """Whether an analyst finds marts in the warehouse."""
    import psycopg

    with psycopg.connect(settings.warehouse_url("analyst"), connect_timeout=5) as session:
        row = session.execute("select to_regclass('marts.fct_handoffs') is not null").fetchone()
    return row == (True,)


def semantic_manifest(root: Path) -> dict[str, Any]:
    """What MetricFlow reads of a project that was parsed in place."""
    content: dict[str, Any] = json.loads((root / "target" / "semantic_manifest.json").read_text())
    return content
