"""Every DAG says what it is for, who owns it and what to do when it fails; reading it is cheap."""

from pathlib import Path
from typing import Any

import pytest

from lead_handoff.airflow.tags import OWNER, Tag

ROOT = Path(__file__).resolve().parents[2]
DAG_IDS = sorted(path.stem for path in (ROOT / "dags").glob("*.py"))
HEADINGS = ("**Purpose.**", "**Inputs.**", "**Outputs.**", "**Schedule.**", "**Owner.**")


def test_every_file_can_be_read(described: dict[str, Any]) -> None:
    assert described["errors"] == {}


def test_one_dag_per_file_named_like_the_file(described: dict[str, Any]) -> None:
    assert {"nightly_lead_load", "monthly_rejection_sample"} <= set(DAG_IDS)
    assert sorted(described["dags"]) == DAG_IDS
    for dag_id, dag in described["dags"].items():
        assert Path(dag["file"]).stem == dag_id


def test_reading_the_files_imports_nothing_heavy(described: dict[str, Any]) -> None:
    assert described["heavy"] == []
    parts = {name.split(".")[1] for name in described["ours"]}
    assert parts <= {"airflow", "errors", "grades", "months", "settings"}


@pytest.mark.parametrize("dag_id", DAG_IDS)
def test_a_dags_page_says_what_a_person_on_call_needs(
    described: dict[str, Any], dag_id: str
) -> None:
    doc = described["dags"][dag_id]["doc"]
    assert [heading for heading in HEADINGS if heading not in doc] == []
    assert doc.count("\n- ", doc.index("**Triage.**")) >= 2
    named = {task for task in described["dags"][dag_id]["tasks"] if f"`{task}`" in doc}
    assert dag_id != "nightly_lead_load" or {"open_night", "build", "publish"} <= named


@pytest.mark.parametrize("dag_id", DAG_IDS)
def test_tags_come_from_the_list_and_one_says_the_impact(
    described: dict[str, Any], dag_id: str
) -> None:
    tags = described["dags"][dag_id]["tags"]
    assert set(tags) <= {str(tag) for tag in Tag}
    assert len([tag for tag in tags if tag.startswith("impact/")]) == 1


@pytest.mark.parametrize("dag_id", DAG_IDS)
def test_every_task_has_an_owner_retries_and_an_end(described: dict[str, Any], dag_id: str) -> None:
    dag = described["dags"][dag_id]
    assert dag["timeout"]
    for task_id, task in dag["tasks"].items():
        assert task["owner"] == OWNER, task_id
        assert task["retries"] >= 1, task_id
        assert task["timeout"], task_id


@pytest.mark.parametrize("dag_id", DAG_IDS)
def test_one_run_at_a_time_and_no_flood_of_missed_ones(
    described: dict[str, Any], dag_id: str
) -> None:
    assert described["dags"][dag_id]["max_active_runs"] == 1
    assert described["dags"][dag_id]["catchup"] is False


def test_schedules_have_a_data_interval_and_a_zone(described: dict[str, Any]) -> None:
    dags = described["dags"]
    for dag_id, cron in (
        ("nightly_lead_load", "0 0 * * *"),
        ("review_verdict_intake", "*/5 * * * *"),
    ):
        assert dags[dag_id]["timetable"] == "CronDataIntervalTimetable"
        assert (dags[dag_id]["schedule"], dags[dag_id]["zone"]) == (cron, "UTC")


def test_the_monthly_draw_looks_after_each_published_night_whether_a_month_is_due(
    described: dict[str, Any],
) -> None:
    dags = described["dags"]
    assert dags["monthly_rejection_sample"]["waits_for"] == ["published_marts"]
    outlets = {
        task_id: task["outlets"]
        for task_id, task in dags["nightly_lead_load"]["tasks"].items()
        if task["outlets"]
    }
    assert outlets == {"publish": ["published_marts"]}


def test_the_chair_has_three_days_and_the_run_lasts_longer(described: dict[str, Any]) -> None:
    dag = described["dags"]["monthly_rejection_sample"]
    assert dag["tasks"]["release"]["answer_seconds"] == 3 * 86_400
    assert dag["timeout"] >= dag["tasks"]["release"]["answer_seconds"] + 86_400
    assert dag["tasks"]["release"]["upstream"] == ["freeze"]
    assert dag["tasks"]["draw"]["upstream"] == ["freeze", "release"]


def test_nothing_is_published_before_everything_was_judged(described: dict[str, Any]) -> None:
    tasks = described["dags"]["nightly_lead_load"]["tasks"]
    before: set[str] = set()
    ahead = ["publish"]
    while ahead:
        task = ahead.pop()
        # A failed pull must not keep the other sources from landing; `landed` judges it.
        runs_anyway = task in ("landed", "open_night")
        assert runs_anyway or tasks[task]["trigger_rule"] == "all_success", task
        before |= set(tasks[task]["upstream"])
        ahead += tasks[task]["upstream"]
    assert before >= {
        "connections",
        "pull",
        "open_night",
        "land",
        "landed",
        "gate_raw",
        "build",
        "gate_marts",
        "find",
    }
    assert tasks["close_night"]["trigger_rule"] == "all_done"
    assert tasks["alert"]["upstream"] == ["publish"]
    assert tasks["close_night"]["upstream"] == ["alert"]
