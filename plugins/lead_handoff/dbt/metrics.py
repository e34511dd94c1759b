"""Asking for metrics: MetricFlow's own command, on the published marts, as an analyst."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from lead_handoff.dbt import connection, reader

CHILD = Path(__file__).with_name("metricflow_child.py")


def ask(arguments: Sequence[str]) -> int:
    """Run `mf`; returns its exit status. What it prints goes to our standard output.

    Args:
        arguments: of `mf query` where they begin with an option, else a command of `mf` with its
            arguments; none lists the metrics.

    Raises:
        ReaderError: there are no marts, or dbt refuses the project.
    """
    reader.demand_published_marts()
    if not arguments:
        arguments = ["list", "metrics"]
    elif arguments[0].startswith("-"):
        arguments = ["query", *arguments]
    root = reader.laid_out()
    outcome = subprocess.run(
        # -P: the folder of the child must not become part of dbt's import path.
        [sys.executable, "-P", "-W", "ignore", str(CHILD), *arguments],
        cwd=root,
        env=reader.environment(root, root / "target") | connection.variables("analyst"),
        check=False,
    )
    return outcome.returncode
