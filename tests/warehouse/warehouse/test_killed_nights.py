"""A night that is killed at any instant is simply run again, and nothing tells it apart."""

import ast
import os
import shutil
import signal
import tempfile
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from lead_handoff import settings
from lead_handoff.warehouse import steps
from tests.warehouse.warehouse import killed_night

State = dict[str, list[tuple[Any, ...]]]
SHOWN = ("leads", "findings", "shown")
ROOT = Path(__file__).resolve().parents[3]
PARTS = ("warehouse", "landing", "airflow")
LEADS_1 = """lead_id,created_at,status,updated_at
1,2026-04-01T00:00:00Z,mql,2026-04-02T00:00:00Z
2,2026-04-01T00:00:00Z,rejected,2026-04-02T00:00:00Z
3,2026-04-01T00:00:00Z,mql,not a time
4,2026-04-01T00:00:00Z,mql,2026-04-03T00:00:00Z
"""
LEADS_2 = """lead_id,created_at,status,updated_at
1,2026-04-01T00:00:00Z,rejected,2026-05-01T10:00:00Z
4,2026-04-01T00:00:00Z,mql,2026-04-03T00:00:00Z
5,2026-05-01T00:00:00Z,inquiry,2026-05-01T11:00:00Z
"""


def named_steps() -> list[str]:
    """Every named step in the code of a night, read from the code itself."""
    names = {"build.between_statements"}
    for part in PARTS:
        for path in (ROOT / "plugins" / "lead_handoff" / part).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if (
                    isinstance(node, ast.Call)
                    and getattr(node.func, "attr", getattr(node.func, "id", "")) == "reached"
                    and isinstance(node.args[0], ast.Constant)
                ):
                    names.add(str(node.args[0].value))
    return sorted(names)


@pytest.fixture(scope="module")
def extracts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Two nights of one source, and an agreement that knows no other."""
    home = tmp_path_factory.mktemp("company")
    agreement, root = home / "agreement", home / "extracts"
    shutil.copytree(ROOT / "dbt_project" / "seeds" / "agreement", agreement)
    sources = agreement / "agreement_sources.csv"
    flags = {"true": "false", "false": "true"}  # in the example only generic may be missing
    head, *rows = sources.read_text().splitlines()
    turned = [",".join([*row.split(",")[:-1], flags[row.split(",")[-1]]]) for row in rows]
    sources.write_text("\n".join([head, *turned]) + "\n")
    for day, text in (("2026-05-01", LEADS_1), ("2026-05-02", LEADS_2)):
        folder = root / "generic" / "leads" / day
        folder.mkdir(parents=True)
        (folder / "leads.csv").write_text(text)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HANDOFF_EXTRACTS", str(root))
        patch.setenv("HANDOFF_AGREEMENT", str(agreement))
        yield root


@pytest.fixture(scope="module")
def unkilled(extracts: Path, module_warehouse: Any) -> tuple[State, State]:
    """What is there after the first night, and after the second, when nothing was killed."""
    killed_night.main("2026-05-01", "first")
    first = state(module_warehouse.url("owner"))
    killed_night.main("2026-05-02", "second")
    return first, state(module_warehouse.url("owner"))


def run_night(day: str, run_id: str, kill_at: str = "") -> tuple[int, str]:
    """Run a night in a process of its own; returns how it ended and what it complained of."""
    with tempfile.TemporaryFile() as said:
        # A fork: a fresh interpreter would spend most of its time on imports.
        child = os.fork()
        if child == 0:
            status = 1
            try:
                os.dup2(said.fileno(), 2)
                os.environ[steps.KILL_AT_VARIABLE] = kill_at
                killed_night.main(day, run_id)
                status = 0
            except BaseException:
                os.write(2, traceback.format_exc().encode())
            finally:
                os._exit(status)
        _, ended = os.waitpid(child, 0)
        said.seek(0)
        return os.waitstatus_to_exitcode(ended), said.read().decode()[-2000:]


def state(url: str) -> State:
    """All that a night leaves behind, but for times of writing and numbers of attempts."""
    queries = {
        "leads": "select * from marts.dim_leads",
        "findings": "select * from marts.fct_integrity_findings",
        "raw": "select lead_id, status, updated_at, _stamp, _first_night from raw_generic.leads",
        "quarantine": "select line_number, raw_text, reason from ops.quarantine",
        "accounts": "select night, object, run_number, rows_read, rows_new, rows_updated,"
        " rows_unchanged, rows_quarantined from ops.loads",
        "ledger": "select finding_id, first_seen, last_seen, resolved_at from ops.findings_ledger",
        "changes": "select finding_id, as_of, change from ops.finding_changes",
        "shown": "select night, as_of from marts.generation",
    }
    with psycopg.connect(url) as connection:
        return {
            name: sorted(connection.execute(query).fetchall(), key=str)
            for name, query in queries.items()
        }


@pytest.mark.slow
@pytest.mark.parametrize("step", named_steps())
def test_a_night_killed_at_a_named_step_and_run_again_leaves_no_trace(
    unkilled: tuple[State, State], warehouse: Any, step: str
) -> None:
    first, second = unkilled
    killed_night.main("2026-05-01", "first")
    status, said = run_night("2026-05-02", "killed", kill_at=step)
    assert status == -signal.SIGKILL, said
    seen = state(warehouse.url("owner"))
    shown_before = [seen[name] == first[name] for name in SHOWN]
    shown_after = [seen[name] == second[name] for name in SHOWN]
    assert all(shown_before) or all(shown_after), "readers see half a night"
    status, said = run_night("2026-05-02", "again")
    assert status == 0, said
    assert state(warehouse.url("owner")) == second


def test_the_nights_of_these_tests_do_change_something(unkilled: tuple[State, State]) -> None:
    first, second = unkilled
    assert [name for name in first if first[name] == second[name]] == ["quarantine"]
    assert [name for name in second if not second[name]] == []


def test_in_a_database_of_the_users_own_one_user_runs_the_whole_night(
    extracts: Path, unkilled: tuple[State, State], warehouse: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, second = unkilled
    with psycopg.connect(warehouse.url("admin"), autocommit=True) as connection:
        connection.execute("create role single_night login password 'single'")
        connection.execute("create database their_night owner single_night")
    host = warehouse.url("admin").split("@")[1].split("/")[0]
    monkeypatch.setenv(
        "HANDOFF_WAREHOUSE_URL", f"postgresql://single_night:single@{host}/their_night"
    )
    try:
        killed_night.main("2026-05-01", "first")
        killed_night.main("2026-05-02", "second")
        assert state(settings.warehouse_url()) == second
    finally:
        with psycopg.connect(warehouse.url("admin"), autocommit=True) as connection:
            connection.execute("drop database their_night with (force)")
            connection.execute("drop role single_night")
