"""The DAGs as Airflow sees them, read once in a process of its own."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]

DESCRIBE = """
import json, sys
from datetime import timedelta
before = set(sys.modules)
from airflow.dag_processing.dagbag import BundleDagBag
bag = BundleDagBag(dag_folder=sys.argv[1], bundle_path=sys.argv[1], bundle_name="dags-folder")
# Given by Airflow itself; the question is what our files bring along.
heavy = {"pandas", "pyarrow", "great_expectations", "dbt", "psycopg2", "openpyxl", "xlsxwriter"}
described = {
    "errors": {str(path): str(text) for path, text in bag.import_errors.items()},
    "heavy": sorted(name for name in heavy & (set(sys.modules) - before)),
    "ours": sorted(name for name in sys.modules if name.startswith("lead_handoff.")),
    "dags": {
        dag_id: {
            "file": dag.fileloc,
            "doc": dag.doc_md or "",
            "tags": sorted(str(tag) for tag in dag.tags),
            "max_active_runs": dag.max_active_runs,
            "catchup": dag.catchup,
            "timeout": dag.dagrun_timeout.total_seconds() if dag.dagrun_timeout else None,
            "timetable": type(dag.timetable).__name__,
            "schedule": getattr(dag.timetable, "expression", None),
            "zone": str(getattr(dag.timetable, "timezone", "")),
            "waits_for": [asset.name for asset in dag.timetable.asset_condition.objects]
            if getattr(dag.timetable, "asset_condition", None)
            else [],
            "tasks": {
                task.task_id: {
                    "owner": task.owner,
                    "retries": task.retries,
                    "timeout": task.execution_timeout is not None,
                    "trigger_rule": task.trigger_rule.value,
                    "upstream": sorted(task.upstream_task_ids),
                    "outlets": [outlet.name for outlet in task.outlets],
                    "answer_seconds": task.response_timeout.total_seconds()
                    if getattr(task, "response_timeout", None)
                    else None,
                }
                for task in dag.tasks
            },
        }
        for dag_id, dag in bag.dags.items()
    },
}
print("DESCRIBED" + json.dumps(described))
"""


@pytest.fixture(scope="session")
def described(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What the DAG files say of themselves, and what reading them imports."""
    home = tmp_path_factory.mktemp("airflow")
    outcome = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", DESCRIBE, str(ROOT / "dags")],
        env=os.environ
        | {
            "AIRFLOW_HOME": str(home),
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
            "AIRFLOW__CORE__PLUGINS_FOLDER": str(home / "plugins"),
            # Nothing may be asked of a server, a warehouse or a home when a file is read.
            "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{home}/none.db",
            "HANDOFF_HOME": str(home / "no-such-home"),
            "HANDOFF_WAREHOUSE_URL": "postgresql://nobody@127.0.0.1:1/nothing",
            "PYTHONPATH": str(ROOT / "plugins"),
        },
        capture_output=True,
        text=True,
        check=False,
    )
    lines = [line for line in outcome.stdout.splitlines() if line.startswith("DESCRIBED")]
    assert lines, outcome.stderr[-3000:]
    content: dict[str, Any] = json.loads(lines[0].removeprefix("DESCRIBED"))
    assert not (home / "no-such-home").exists()
    return content


@pytest.fixture(scope="module", autouse=True)
def own_review_files(handoff_home: Path) -> Iterator[None]:
    """Leave no files of a drawn month behind: another file's tests may draw the same one."""
    yield
    shutil.rmtree(handoff_home / "review", ignore_errors=True)
