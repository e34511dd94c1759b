"""Both DAGs on a small simulated company, from extract files to marts and the review's workbook."""

import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest

from lead_handoff import settings

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[2]
START = date(2026, 3, 20)
FIRST_DAYS = 42
NIGHTS = 3
DAY = timedelta(days=1)
FIRST = START + DAY * FIRST_DAYS
LAST = FIRST + DAY * (NIGHTS - 1)
MONTH = "2026-04"
SEED = "01382438112797316654"
TASKS = {
    "connections",
    "pull",
    "open_night",
    "sources_of",
    "land",
    "landed",
    "gate_raw",
    "build",
    "gate_marts",
    "find",
    "publish",
    "alert",
    "close_night",
}


@dataclass(frozen=True)
class Outcome:
    """How a command ended, and what it said."""

    status: int
    said: str


@dataclass
class Company:
    """A warehouse that the command line fills, and what the commands said.

    Attributes:
        backfill: all nights but the last.
        killed: the last night, killed before its publication was committed.
        shown_after_kill: the generation readers saw then.
        repeated: the last night again.
        refused: the same night started while that one was running.
        refused_seconds: how long it took to say so.
        sample: the month's draw.
    """

    warehouse: Any
    environment: dict[str, str]
    backfill: Outcome = field(init=False)
    killed: Outcome = field(init=False)
    shown_after_kill: list[tuple[Any, ...]] = field(init=False)
    repeated: Outcome = field(init=False)
    repeated_process: int = field(init=False)
    refused: Outcome = field(init=False)
    refused_seconds: float = field(init=False)
    sample: Outcome = field(init=False)

    def start(self, *arguments: str, **more: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-W", "ignore", "-m", "lead_handoff.cli", *arguments],
            env=self.environment | more,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def command(self, *arguments: str, **more: str) -> Outcome:
        process = self.start(*arguments, **more)
        said, _ = process.communicate(timeout=400)
        return Outcome(process.returncode, said)

    def read(self, query: str, role: str = "analyst") -> list[tuple[Any, ...]]:
        with psycopg.connect(self.warehouse.url(role)) as connection:
            return connection.execute(query).fetchall()

    def airflow(self, query: str) -> list[tuple[Any, ...]]:
        with psycopg.connect(settings.embedded_url("airflow", "airflow")) as connection:
            return connection.execute(query).fetchall()

    def live(self) -> None:
        """Three nights, of which the last is killed and run again, and a draw."""
        self.backfill = self.command("backfill", "--from", str(FIRST), "--to", str(LAST - DAY))
        self.killed = self.command(
            "nightly", "--date", str(LAST), HANDOFF_KILL_AT="publish.before_commit"
        )
        self.shown_after_kill = self.read("select night from marts.generation")
        first = self.start("nightly", "--date", str(LAST))
        try:
            self.repeated_process = first.pid
            self._wait_until_the_night_is_held()
            began = time.monotonic()
            self.refused = self.command("nightly", "--date", str(LAST))
            self.refused_seconds = time.monotonic() - began
            said, _ = first.communicate(timeout=400)
            self.repeated = Outcome(first.returncode, said)
        finally:
            first.kill()
        self.sample = self.command("sample", "--month", MONTH, "--seed", SEED)

    def _wait_until_the_night_is_held(self) -> None:
        deadline = time.monotonic() + 60
        held = "select holder is not null from ops.night_lock"
        # The killed run is still written there, but no session of it is left.
        alive = "select count(*) from pg_stat_activity where application_name like '%:hold:%'"
        while not (self.read(held, "owner") == [(True,)] and self.read(alive, "owner") > [(0,)]):
            assert time.monotonic() < deadline
            time.sleep(0.05)


@pytest.fixture(scope="module")
def company(module_warehouse: Any, tmp_path_factory: pytest.TempPathFactory) -> Company:
    """A company that has lived through a few nights, by the commands a person types."""
    home = tmp_path_factory.mktemp("company")
    path = [str(ROOT / "plugins"), os.environ.get("PYTHONPATH", "")]
    environment = os.environ | {
        "PYTHONPATH": os.pathsep.join(filter(None, path)),
        "HANDOFF_EXTRACTS": str(home / "extracts"),
    }
    subprocess.run(
        [
            *(sys.executable, "-m", "lead_handoff.simulate", "--leads", "80", "--seed", "3"),
            *("--out", str(home / "extracts"), "--truth", str(home / "truth.jsonl")),
            *("--start", START.isoformat(), "--first-days", str(FIRST_DAYS)),
            *("--nights", str(NIGHTS - 1)),
        ],
        env=environment,
        check=True,
        capture_output=True,
    )
    made = Company(module_warehouse, environment)
    made.live()
    return made


def test_every_night_was_published_and_the_last_one_is_shown(company: Company) -> None:
    assert company.backfill.status == 0, company.backfill.said[-4000:]
    assert company.repeated.status == 0, company.repeated.said[-4000:]
    nights = [(FIRST + DAY * number,) for number in range(NIGHTS)]
    published = "select night from ops.generations order by generation"
    assert company.read(published, "owner") == nights
    assert company.read("select night from marts.generation") == [(LAST,)]
    assert company.read("select distinct run_as_of from marts.fct_handoffs") == company.read(
        "select as_of from marts.generation"
    )


def test_the_last_night_was_brought_forward_from_the_first(company: Company) -> None:
    how = "select is_full from ops.generations order by generation"
    assert company.read(how, "owner") == [(True,), (True,), (False,)]


def test_a_killed_night_leaves_the_last_one_shown_and_is_simply_run_again(
    company: Company,
) -> None:
    assert company.killed.status == -signal.SIGKILL
    assert company.shown_after_kill == [(LAST - DAY,)]
    assert company.repeated.status == 0


def test_of_two_nights_at_once_one_runs_and_the_other_names_it(company: Company) -> None:
    assert company.repeated.status == 0
    assert company.refused.status == 3
    assert f"Another night is running: cli__{LAST}" in company.refused.said
    assert f"process {company.repeated_process}" in company.refused.said
    assert company.refused_seconds < 5


def test_the_marts_hold_what_the_company_delivered(company: Company) -> None:
    assert company.read("select count(*) > 40 from marts.dim_leads") == [(True,)]
    assert company.read("select count(*) > 10 from marts.fct_handoffs") == [(True,)]
    accounts = (
        "select bool_and(rows_read = rows_new + rows_updated + rows_unchanged + rows_quarantined),"
        " sum(rows_read) > 500 from ops.loads"
    )
    assert company.read(accounts, "owner") == [(True, True)]


def test_airflow_ran_the_tasks_and_keeps_the_record(company: Company) -> None:
    runs = company.airflow(
        "select dag_id, state, count(*) from dag_run where run_id like 'cli\\_\\_%' group by 1, 2"
    )
    assert ("nightly_lead_load", "success", NIGHTS) in runs
    assert ("monthly_rejection_sample", "success", 1) in runs
    skipped = company.airflow(
        "select distinct task_id from task_instance where dag_id = 'nightly_lead_load'"
        " and state = 'skipped'"
    )
    assert skipped == [("pull",)]
    tasks = company.airflow(
        "select task_id, count(*) from task_instance join dag_run using (dag_id, run_id)"
        " where dag_id = 'nightly_lead_load' and dag_run.state = 'success' group by 1"
    )
    assert dict(tasks) == dict.fromkeys(TASKS, NIGHTS) | {"land": 2 * NIGHTS}


def test_each_published_night_is_told_to_the_dags_that_wait_for_the_marts(
    company: Company,
) -> None:
    events = company.airflow(
        "select count(*) from asset_event join asset on asset.id = asset_event.asset_id"
        " where asset.name = 'published_marts' and source_run_id like 'cli\\_\\_2026-05-%'"
    )
    assert events == [(NIGHTS,)]


def test_the_terminal_shows_progress_and_neither_chatter_nor_secrets(company: Company) -> None:
    said = company.backfill.said
    assert "nothing is pulled, files only: no connection" in said
    for part in ("land marketo", "gate raw", "build", "gate marts", "find", "publish"):
        assert part in said
    assert said.count("published in") == NIGHTS - 1
    assert "[info" not in said
    for role in ("owner", "loader", "transformer"):
        password = psycopg.conninfo.conninfo_to_dict(company.warehouse.url(role))["password"]
        assert str(password) not in said


def test_a_night_ends_with_the_page_of_what_it_brought(company: Company) -> None:
    ((handoffs,),) = company.read("select count(*) from marts.fct_handoffs")
    for outcome in (company.backfill, company.repeated):
        page = outcome.said.partition("The marts as of")[2]
        for part in ("Landed rows", "Acceptance of the", "New findings", "make report"):
            assert part in page, part
    assert f"Handoffs         {handoffs:,}:" in company.repeated.said
    again = company.command("report")
    assert again.status == 0, again.said[-4000:]
    assert (
        again.said.partition("The marts as of")[2]
        == company.repeated.said.partition("The marts as of")[2]
    )


def test_the_months_sample_was_drawn_and_its_files_lie_where_it_says(company: Company) -> None:
    assert company.sample.status == 0, company.sample.said[-4000:]
    folder = settings.review_dir() / MONTH
    assert str(folder) in company.sample.said
    assert len(list(folder.glob("review-*.xlsx"))) == 5, "one for the chair, one a reviewer"


def test_data_docs_were_written(company: Company) -> None:
    assert list((settings.home() / "data_docs").rglob("*.html"))


def test_an_earlier_night_is_refused_by_name_and_skipped_where_nobody_waits(
    company: Company,
) -> None:
    """The last test here: it adds runs to Airflow's record."""
    refused = company.command("nightly", "--date", str(FIRST))
    skipped = company.command("backfill", "--from", str(FIRST), "--to", str(FIRST))
    said = f"The night {FIRST} is neither built nor published"
    assert (refused.status, skipped.status) == (1, 0), refused.said + skipped.said
    assert said in refused.said
    assert said in skipped.said
    assert f"{FIRST} skipped in" in skipped.said
    assert company.read("select night from marts.generation") == [(LAST,)]
