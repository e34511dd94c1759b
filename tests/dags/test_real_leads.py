"""Real leads of a public data set, which is not part of the project, through the nightly DAG."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import psycopg
import pytest

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[2]
OLIST = Path(os.environ.get("HANDOFF_OLIST") or ROOT.parent / "shared" / "data" / "olist")
COHORTS = {
    "2017-12-01": (200, 11),
    "2018-01-01": (1141, 152),
    "2018-02-01": (1028, 149),
    "2018-03-01": (1174, 167),
    "2018-04-01": (1352, 183),
    "2018-05-01": (1303, 130),
}
"""Leads and deals won by month of first contact, as published with the data."""

ORIGINS = {"organic_search": (2296, 271), "paid_search": (1586, 195), "social": (1350, 75)}


@pytest.fixture(scope="module")
def marketplace(module_warehouse: Any, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The warehouse after the one night that holds all of the data."""
    if not OLIST.is_dir():
        pytest.skip(f"the data set is not at {OLIST}: set HANDOFF_OLIST to its folder to run this")
    home = tmp_path_factory.mktemp("marketplace")
    path = [str(ROOT / "plugins"), os.environ.get("PYTHONPATH", "")]
    environment = os.environ | {
        "PYTHONPATH": os.pathsep.join(filter(None, path)),
        "HANDOFF_EXTRACTS": str(home / "extracts"),
        "HANDOFF_AGREEMENT": str(home / "agreement"),
    }
    for command in (
        [
            *(str(ROOT / "tools" / "olist_to_generic.py"), "--from", str(OLIST)),
            *("--extracts", str(home / "extracts"), "--agreement", str(home / "agreement")),
        ],
        ["-m", "lead_handoff.cli", "nightly", "--date", "2018-11-15"],
    ):
        ended = subprocess.run(
            [sys.executable, "-W", "ignore", *command],
            env=environment,
            capture_output=True,
            text=True,
            timeout=500,
            check=False,
        )
        assert ended.returncode == 0, (ended.stdout + ended.stderr)[-4000:]
    return module_warehouse


def read(warehouse: Any, query: str) -> list[tuple[Any, ...]]:
    """What an analyst is answered."""
    with psycopg.connect(warehouse.url("analyst")) as connection:
        return connection.execute(query).fetchall()


def test_every_lead_is_there_and_every_deal_is_won(marketplace: Any) -> None:
    assert read(marketplace, "select count(*) from marts.dim_leads") == [(8000,)]
    won = "select count(distinct lead_id) from marts.fct_stage_transitions where to_stage = 'won'"
    assert read(marketplace, won) == [(842,)]


def test_the_monthly_cohorts_are_the_published_ones(marketplace: Any) -> None:
    rows = read(
        marketplace,
        "select month::text, inquiries, won from marts.agg_waterfall_monthly"
        " where basis = 'cohort' and segment = 'all'",
    )
    found = {month: (inquiries, won) for month, inquiries, won in rows}
    assert {month: found[month] for month in COHORTS} == COHORTS
    assert sum(inquiries for inquiries, _ in found.values()) == 8000
    assert sum(won for _, won in found.values()) == 842


def test_the_origins_are_the_published_ones(marketplace: Any) -> None:
    rows = read(
        marketplace,
        "select segment, sum(inquiries)::int, sum(won)::int from marts.agg_waterfall_monthly"
        " where basis = 'cohort' group by segment",
    )
    found = {segment: (inquiries, won) for segment, inquiries, won in rows}
    assert {name: found[f"lead_source:{name}"] for name in ORIGINS} == ORIGINS


def test_nobody_is_said_to_have_rejected_a_lead(marketplace: Any) -> None:
    outcomes = dict(
        read(marketplace, "select outcome, count(*) from marts.fct_handoffs group by 1")
    )
    assert set(outcomes) <= {"accepted", "pending", "withdrawn"}
