"""A history that stops while its parent goes on holds the night: the data contradict themselves."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest

from lead_handoff import settings
from lead_handoff.judging import GateResult, run_gate
from lead_handoff.landing import discover_sources, land_source
from lead_handoff.simulate.run import Company as Simulated
from lead_handoff.simulate.run import simulate
from tests.warehouse.judging.expectations_copy import copy_expectations

RULE = "no_history_has_stopped"
LAST = date(2026, 6, 16)


@dataclass
class Landed:
    """A simulated company whose extracts land up to a night, and the raw gate."""

    root: Path
    home: Path
    warehouse: Any

    def land(self, night: date) -> None:
        for source in discover_sources(str(self.root)):
            loads = land_source(
                source,
                night,
                extracts_root=str(self.root),
                warehouse_url=self.warehouse.url("loader"),
                fence=0,
                agreement_dir=settings.agreement_dir(),
                progress=lambda line: None,
            )
            assert all(load.status == "loaded" for load in loads)

    def gate(self, night: date, root: Path | None = None) -> GateResult:
        return run_gate(
            "raw",
            warehouse_url=self.warehouse.url("transformer"),
            slot="slot_blue",
            night=night,
            as_of=datetime(night.year, night.month, night.day, tzinfo=UTC),
            expectations_dir=root,
            home=self.home,
        )

    def stopped(self, night: date, root: Path | None = None) -> list[dict[str, str]]:
        failures = self.gate(night, root).failures
        assert not [one.message for one in failures if "could not be evaluated" in one.message]
        return [dict(key) for one in failures if one.expectation == RULE for key in one.keys]


@pytest.fixture(scope="module")
def extracts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three hundred leads: six weeks in one folder, then twelve nights."""
    folder = tmp_path_factory.mktemp("company")
    simulate(
        Simulated(
            folder / "extracts", folder / "truth.jsonl", 300, 7, date(2026, 4, 20), 45, 12, False
        )
    )
    return folder / "extracts"


@pytest.fixture
def company(extracts: Path, tmp_path: Path, warehouse: Any) -> Landed:
    shutil.copytree(extracts, tmp_path / "extracts")
    return Landed(tmp_path / "extracts", tmp_path / "home", warehouse)


def without(company: Landed, source: str, name: str, after: date) -> None:
    """Delete an object's folders after a night."""
    for folder in (company.root / source / name).iterdir():
        if date.fromisoformat(folder.name) > after:
            shutil.rmtree(folder)


def header_only(company: Landed, source: str, name: str, after: date) -> None:
    """Leave nothing but the header in an object's files after a night."""
    for folder in (company.root / source / name).iterdir():
        if date.fromisoformat(folder.name) > after:
            shutil.rmtree(folder)
            folder.mkdir()
            (folder / "empty.csv").write_text("Id,LeadId,Field,OldValue,NewValue,CreatedDate\n")


def test_the_night_is_held_when_the_leads_history_has_stopped(company: Landed) -> None:
    without(company, "salesforce", "LeadHistory", date(2026, 6, 8))
    company.land(LAST)

    (key,) = company.stopped(LAST)

    assert (key["source"], key["object"], key["parent"]) == ("salesforce", "LeadHistory", "Lead")
    assert key["last_row"].startswith("2026-06-0")
    assert int(key["versions"]) >= 10


def test_nothing_is_held_where_nothing_has_stopped(company: Landed) -> None:
    company.land(LAST)
    assert company.stopped(LAST) == []


def test_a_stop_may_be_accepted_by_name_and_a_later_one_is_told_again(
    company: Landed, tmp_path: Path
) -> None:
    without(company, "salesforce", "LeadHistory", date(2026, 6, 8))
    company.land(LAST)
    (key,) = company.stopped(LAST)
    root = copy_expectations(tmp_path)
    decision = (
        f"- expectation: {RULE}\n  key: {{source: salesforce, object: LeadHistory, "
        "last_row: '%s'}\n  accepted_by: Jo Smith\n  accepted_on: 2026-06-16\n  reason: purged\n"
    )
    (root / "accepted.yml").write_text(decision % key["last_row"])
    assert company.stopped(LAST, root) == []
    (root / "accepted.yml").write_text(decision % "2026-05-01T00:00:00Z")
    assert len(company.stopped(LAST, root)) == 1


@pytest.mark.parametrize(
    ("source", "name", "stop"),
    [
        pytest.param("marketo", "activities", without, id="the MAP's activities"),
        pytest.param("salesforce", "LeadHistory", header_only, id="headers without rows"),
    ],
)
def test_other_ways_in_which_a_history_stops(
    company: Landed, source: str, name: str, stop: Callable[..., None]
) -> None:
    stop(company, source, name, date(2026, 6, 7))
    company.land(LAST)
    assert [(key["source"], key["object"]) for key in company.stopped(LAST)] == [(source, name)]


def test_in_a_landing_of_another_service_a_stopped_history_is_found_too(
    company: Landed, monkeypatch: pytest.MonkeyPatch
) -> None:
    company.land(LAST)
    with psycopg.connect(company.warehouse.url("admin"), autocommit=True) as connection:
        connection.execute("create schema theirs")
        for name, stamp in (("lead", "system_modstamp"), ("lead_history", "created_date")):
            columns = [
                row[0]
                for row in connection.execute(
                    "select column_name from information_schema.columns where table_schema ="
                    " 'raw_salesforce' and table_name = %s and column_name not like '\\_%%'",
                    (name,),
                )
            ]
            listed = ", ".join(f'"{column}"' for column in columns if column != stamp)
            connection.execute(
                f"create table theirs.{name} as select {listed}, _stamp as {stamp}"  # type: ignore[arg-type]  # noqa: S608
                f" from raw_salesforce.{name}"
            )
        connection.execute("delete from theirs.lead_history where created_date > '2026-06-07'")
        connection.execute("grant usage on schema theirs to handoff_transformer")
        connection.execute("grant select on all tables in schema theirs to handoff_transformer")
    monkeypatch.setenv("HANDOFF_ELT_LANDINGS", '{"salesforce": {"schema": "theirs"}}')

    assert [(key["source"], key["object"]) for key in company.stopped(LAST)] == [
        ("salesforce", "LeadHistory")
    ]


def test_a_history_that_pauses_over_quiet_days_holds_nothing(company: Landed) -> None:
    """Two nights without a row, and parents that change nothing it used to tell."""
    for folder in (company.root / "salesforce" / "LeadHistory").iterdir():
        if date.fromisoformat(folder.name) > LAST - timedelta(days=2):
            shutil.rmtree(folder)
    company.land(LAST)
    assert company.stopped(LAST) == []
