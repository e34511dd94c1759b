"""The unit tests that stand beside the models: small given rows, and what has to come of them.

A night does not run them (they judge the code, not the data), so they are run here, in one build of
an empty warehouse: dbt needs the relations upstream for the types of the given rows.
"""

import json
import os
import subprocess
import sys
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from lead_handoff import settings
from lead_handoff.agreement import agreement_hash
from lead_handoff.dbt import project
from lead_handoff.warehouse import night_lock, slots

pytestmark = pytest.mark.slow

NIGHT = date(2026, 5, 1)
DBT = Path(sys.executable).with_name("dbt")


@pytest.fixture(scope="module")
def target(module_warehouse: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """dbt's artifacts of one build of models and unit tests, without data tests."""
    folder = tmp_path_factory.mktemp("unit-tests")
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("HANDOFF_HOME", str(folder))
        agreement = settings.project_root() / "dbt_project" / project.AGREEMENT
        laid_out = project.lay_out(agreement)
    with psycopg.connect(module_warehouse.url("owner"), autocommit=True) as connection:
        fence = night_lock.acquire(connection, "tests")
    plan = slots.prepare_build(
        module_warehouse.url("transformer"),
        fence=fence,
        as_of=datetime(2026, 5, 1, tzinfo=UTC),
        night=NIGHT,
        agreement_hash=agreement_hash(agreement),
        code_hash=project.code_hash(),
        full_because="asked for",
    )
    url = conninfo_to_dict(module_warehouse.url("transformer"))
    outcome = subprocess.run(
        [str(DBT), "build", "--exclude-resource-type", "test", "--full-refresh"],
        cwd=laid_out,
        env={name: value for name, value in os.environ.items() if not name.startswith("DBT_")}
        | {
            "HANDOFF_DBT_HOST": str(url["host"]),
            "HANDOFF_DBT_PORT": str(url["port"]),
            "HANDOFF_DBT_USER": str(url["user"]),
            "HANDOFF_DBT_PASSWORD": str(url["password"]),
            "HANDOFF_DBT_DBNAME": str(url["dbname"]),
            "HANDOFF_BUILD_SCHEMA": plan.slot,
            "HANDOFF_AGREEMENT": project.AGREEMENT,
            "PGOPTIONS": f"-c lead_handoff.fence={fence}",
            "DBT_PROFILES_DIR": str(laid_out),
            "DBT_TARGET_PATH": str(folder / "target"),
            "DBT_LOG_PATH": str(folder / "logs"),
            "DBT_SEND_ANONYMOUS_USAGE_STATS": "False",
            "DBT_VERSION_CHECK": "False",
        },
        capture_output=True,
        text=True,
        check=False,
    )
    # dbt fails for a failed unit test too: the tests below say which.
    assert (folder / "target" / "run_results.json").exists(), outcome.stdout[-4000:]
    return folder / "target"


@pytest.fixture(scope="module")
def declared(target: Path) -> dict[str, Any]:
    """The unit tests of the project by their id."""
    manifest: dict[str, Any] = json.loads((target / "manifest.json").read_text())
    return manifest["unit_tests"]


def test_every_unit_test_beside_a_model_holds(target: Path, declared: dict[str, Any]) -> None:
    results = json.loads((target / "run_results.json").read_text())["results"]
    statuses = {result["unique_id"]: result["status"] for result in results}
    messages = {result["unique_id"]: result["message"] for result in results}
    assert [
        f"{test['model']}: {test['name']}: {messages.get(unique_id, 'it was not run')}"
        for unique_id, test in declared.items()
        if statuses.get(unique_id) != "pass"
    ] == []


def test_the_pages_list_the_columns_that_the_models_have(
    target: Path, module_warehouse: Any
) -> None:
    manifest = json.loads((target / "manifest.json").read_text())
    described = {
        node["alias"]: [column["name"] for column in node["columns"].values()]
        for node in manifest["nodes"].values()
        if node["resource_type"] == "model"
    }
    with psycopg.connect(module_warehouse.url("transformer")) as connection:
        built = connection.execute(
            "select table_name, array_agg(column_name::text order by ordinal_position)"
            " from information_schema.columns where table_schema like 'slot_%' group by 1"
        ).fetchall()
    columns = dict(built)
    wrong = {
        name: sorted(set(columns[name]) ^ set(listed))
        for name, listed in described.items()
        if set(columns[name]) != set(listed)
    }
    assert wrong == {}
