"""The linters of the house, as tests: what they say is a failure like any other."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from lead_handoff import settings
from tests.conftest import SHARED_BUILDS, group_of

ROOT = settings.project_root()
LINT_IMPORTS = Path(sys.executable).with_name("lint-imports")

LINTERS = {
    "ruff check": [sys.executable, "-m", "ruff", "check", "."],
    "ruff format": [sys.executable, "-m", "ruff", "format", "--check", "."],
    "mypy": [sys.executable, "-m", "mypy"],
    "lint-imports": [sys.executable, str(LINT_IMPORTS)],
}


@pytest.mark.parametrize("linter", LINTERS)
def test_the_linters_have_nothing_to_say(linter: str) -> None:
    outcome = subprocess.run(
        LINTERS[linter],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT / "plugins")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert outcome.returncode == 0, outcome.stdout[-6000:] + outcome.stderr[-2000:]


def test_importing_the_package_imports_no_heavy_library() -> None:
    """DAG files are parsed every half minute, and a command line has to answer at once."""
    script = """
import importlib, pkgutil, sys
import lead_handoff
for module in pkgutil.walk_packages(lead_handoff.__path__, "lead_handoff."):
    if not module.name.startswith("lead_handoff.airflow") and "__main__" not in module.name:
        importlib.import_module(module.name)
heavy = {"pandas", "great_expectations", "dbt", "pyarrow", "airflow"} & set(sys.modules)
print(",".join(sorted(heavy)))
"""
    outcome = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", script],
        env=os.environ | {"PYTHONPATH": str(ROOT / "plugins")},
        capture_output=True,
        text=True,
        check=True,
    )
    assert outcome.stdout.strip() == ""


def test_tests_that_share_a_build_stay_in_one_process() -> None:
    marts = "tests/warehouse/marts/"
    assert group_of(f"{marts}test_time_travel.py::test_one[seed-1]") == "history"
    assert group_of(f"{marts}test_killed_build.py::test_two") == "history"
    assert group_of("tests/unit/x/test_y.py::test_z") == "tests/unit/x/test_y.py"
    for names in SHARED_BUILDS.values():
        assert [name for name in names if not (ROOT / marts / f"{name}.py").exists()] == []
