"""The monthly draw as Airflow runs it: the chair is asked, and answers or does not."""

import json
import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest

from lead_handoff import settings
from lead_handoff.review import verify
from tests.dags.chair import DICE
from tests.warehouse.review.small_company import may_of, small_company

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def told(module_warehouse: Any) -> dict[str, Any]:
    """What became of each run; May is the month that is due, April and March are older."""
    company = small_company()
    may_of(company, 60)
    for month in (3, 4):
        at = datetime(2026, month, 10, 14, tzinfo=UTC)
        company.handoff(f"of month {month}", "rejected", offered_at=at, exit_at=at)
    company.publish(module_warehouse.url())
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-m", "tests.dags.chair"],
        env=os.environ | {"PYTHONPATH": os.pathsep.join((str(ROOT / "plugins"), str(ROOT)))},
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )
    lines = [line for line in done.stdout.splitlines() if line.startswith("TOLD")]
    assert lines, (done.stdout[-3000:], done.stderr[-3000:])
    content: dict[str, Any] = json.loads(lines[0].removeprefix("TOLD"))
    return content


@pytest.fixture
def draws(module_warehouse: Any) -> dict[str, dict[str, Any]]:
    """The recorded draws by month."""
    with psycopg.connect(module_warehouse.url()) as connection:
        rows = connection.execute(
            "select month, seed, seed_origin, population_sha256, population_size,"
            " (select detail ->> 'released_by' from review.log"
            "  where log.month = draws.month and event = 'drawn') from review.draws"
        ).fetchall()
    names = ("seed", "origin", "sha256", "size", "released_by")
    return {month: dict(zip(names, values, strict=True)) for month, *values in rows}


def test_the_chair_is_told_month_hash_and_counts_before_giving_the_seed(
    told: dict[str, Any], draws: dict[str, dict[str, Any]]
) -> None:
    asked = told["answered"]["asked"]
    assert asked["subject"] == "Review of 2026-05: give the seed"
    assert draws["2026-05"]["sha256"] in asked["body"]
    assert "Handoffs: **60** (" in asked["body"]
    assert "**2026-05**" in asked["body"]


def test_the_chairs_dice_are_the_seed_and_the_log_says_whose_they_are(
    told: dict[str, Any], draws: dict[str, dict[str, Any]]
) -> None:
    assert told["answered"]["is_success"]
    found = draws["2026-05"]
    assert (found["seed"], found["origin"]) == (DICE, "given")
    assert found["released_by"] == "admin"
    assert verify.main(str(settings.review_dir() / "2026-05" / "manifest.json")) == 0


def test_what_is_no_seed_draws_nothing_and_the_next_run_asks_again(told: dict[str, Any]) -> None:
    assert told["typed-wrongly"]["failed_tasks"] == ["release"]
    assert told["typed-wrongly"]["states"]["draw"] == "upstream_failed"
    assert told["answered"]["asked"] is not None


def test_nothing_is_asked_once_the_month_is_drawn(told: dict[str, Any]) -> None:
    again = told["drawn-already"]
    assert again["is_success"]
    assert set(again["states"].values()) == {"skipped"}
    assert again["asked"] is None


def test_a_chair_who_does_not_answer_holds_nothing_up(
    told: dict[str, Any], draws: dict[str, dict[str, Any]]
) -> None:
    """The seed is the agreed one, so nobody could choose it after seeing the population."""
    assert told["unanswered"]["is_success"], told["unanswered"]
    assert told["unanswered"]["asked"] is not None
    found = draws["2026-04"]
    agreed = "26143352461532616435/2026-04"
    assert (found["seed"], found["origin"], found["released_by"]) == (agreed, "agreed", None)
    assert agreed in told["unanswered"]["asked"]["body"]


def test_who_types_the_command_is_not_asked_and_such_a_seed_came_before_the_freeze(
    told: dict[str, Any], draws: dict[str, dict[str, Any]]
) -> None:
    assert told["by-command"]["is_success"]
    assert told["by-command"]["asked"] is None
    found = draws["2026-03"]
    assert (found["seed"], found["origin"]) == ("7", "given_with_freeze")
