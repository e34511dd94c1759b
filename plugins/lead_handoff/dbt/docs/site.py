"""dbt's own documentation site: one file that opens in a browser, without a server or a network."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from lead_handoff import settings
from lead_handoff.dbt import connection, reader


def parse() -> tuple[dict[str, Any], bool]:
    """Parse the project of the checkout.

    Returns:
        Its manifest, and whether a warehouse runs and holds published marts; none is started.
    """
    import psycopg

    try:
        has_marts = reader.has_published_marts()
    except (settings.SettingError, psycopg.OperationalError):
        has_marts = False
    return reader.parse(settings.dbt_project_dir(), _target(), _login(has_marts)), has_marts


def generate(has_marts: bool) -> Path:
    """Write the site of the parsed project under HANDOFF_HOME; returns where it lies.

    Args:
        has_marts: add the catalog: relations and types as the warehouse has them.
    """
    arguments = ["docs", "generate", "--static", "--no-compile"]
    arguments += [] if has_marts else ["--empty-catalog"]
    reader.run_dbt(arguments, settings.dbt_project_dir(), _target(), _login(has_marts))
    index = settings.home() / "docs" / "dbt" / "index.html"
    index.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(_target() / "static_index.html", index)
    return index


def _target() -> Path:
    return reader.folder() / "site" / "target"


def _login(has_marts: bool) -> dict[str, str]:
    return connection.variables("analyst") if has_marts else dict(reader.NOBODY)
