"""The SQL of the dbt project is written as .sqlfluff says; needs no warehouse."""

import subprocess
import sys
from pathlib import Path

import pytest

from lead_handoff import settings

ROOT = settings.project_root()
SQLFLUFF = Path(sys.executable).with_name("sqlfluff")


@pytest.mark.slow
def test_the_sql_is_written_as_agreed() -> None:
    outcome = subprocess.run(
        [str(SQLFLUFF), "lint", "dbt_project", "--nocolor", "--disable-progress-bar"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert outcome.returncode == 0, outcome.stdout[-6000:] + outcome.stderr[-2000:]
