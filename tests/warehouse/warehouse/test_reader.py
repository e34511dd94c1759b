"""Readers of the marts are told when there is nothing to read, and cannot write."""

import subprocess
import sys
from typing import Any

import psycopg
import pytest

from lead_handoff.dbt import connection, metrics, reader
from lead_handoff.settings import project_root


def test_who_asks_before_the_first_night_is_told_what_to_do(warehouse: Any) -> None:
    assert not reader.has_published_marts()
    with pytest.raises(reader.ReaderError, match="make demo"):
        metrics.ask(["--metrics", "handoffs"])


def test_a_readers_session_may_not_write(warehouse: Any) -> None:
    root = project_root() / "dbt_project"
    told = reader.environment(root, root / "target")
    with (
        psycopg.connect(warehouse.url("transformer"), options=told["PGOPTIONS"]) as session,
        pytest.raises(psycopg.errors.ReadOnlySqlTransaction),
    ):
        session.execute("create table marts.planted (id text)")


def test_a_child_is_told_one_login_and_no_other_secret(
    warehouse: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRFLOW__CORE__FERNET_KEY", "planted")
    monkeypatch.setenv("DBT_SEND_ANONYMOUS_USAGE_STATS", "True")
    root = project_root() / "dbt_project"
    told = reader.environment(root, root / "target") | connection.variables("analyst")
    assert "planted" not in told.values()
    assert told["HANDOFF_DBT_USER"] == "handoff_analyst"
    assert told["DBT_SEND_ANONYMOUS_USAGE_STATS"] == "False"
    said = subprocess.run(
        [sys.executable, "-c", "import os; print(sorted(os.environ))"],
        env=told,
        capture_output=True,
        text=True,
        check=True,
    )
    assert "AIRFLOW" not in said.stdout
