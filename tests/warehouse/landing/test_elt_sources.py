"""What an ELT service lands is not landed again, and nobody misses folders of it."""

import json
import shutil
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import psycopg
import pytest

from lead_handoff import settings
from lead_handoff.airflow import night
from lead_handoff.airflow.windows import Night, midnight

NIGHT = date(2026, 5, 1)
LEAD = "Id,CreatedDate,SystemModstamp,Status\n00Q1,2026-04-01T00:00:00Z,2026-04-01T00:00:00Z,New\n"
STAGE = (
    "Id,OpportunityId,CreatedDate,StageName\n008000000000001,006000000000001,"
    "2026-04-01T00:00:00Z,Won\n"
)


@pytest.fixture
def landing(
    warehouse: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[[], dict[str, Any]]:
    """The night up to what landed, of a company whose Salesforce lies with Fivetran."""
    agreement = Path(
        shutil.copytree(
            settings.project_root() / "dbt_project/seeds/agreement", tmp_path / "agreement"
        )
    )
    (agreement / "agreement_sources.csv").write_text(
        "source_system,role,time_zone,is_required\n"
        "salesforce,sfa,UTC,true\nmarketo,map,UTC,false\n"
        "generic,both,UTC,false\nhubspot,both,UTC,false\n"
    )
    monkeypatch.setenv("HANDOFF_AGREEMENT", str(agreement))
    monkeypatch.setenv("HANDOFF_EXTRACTS", str(tmp_path / "extracts"))
    landings = {"salesforce": {"schema": "fivetran", "without": ["OpportunityHistory"]}}
    monkeypatch.setenv("HANDOFF_ELT_LANDINGS", json.dumps(landings))

    def land() -> dict[str, Any]:
        run = night.Run("test", Night(midnight(NIGHT), NIGHT))
        opened = night.open_night(run)
        landed = [night.land(run, source, opened["fence"]) for source in opened["sources"]]
        night.judge_landing(run, opened["sources"], landed)
        with psycopg.connect(warehouse.url("owner")) as connection:
            loads = connection.execute("select object, rows_new from ops.loads").fetchall()
        return {"sources": opened["sources"], "loads": loads}

    return land


def test_where_a_service_lands_every_required_source_no_folder_of_extracts_is_needed(
    landing: Callable[[], dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert landing() == {"sources": ["salesforce"], "loads": []}
    monkeypatch.delenv("HANDOFF_ELT_LANDINGS")
    with pytest.raises(night.NightError, match="no folder of extracts"):
        landing()


def test_folders_are_read_of_what_the_service_does_not_keep(
    landing: Callable[[], dict[str, Any]], tmp_path: Path
) -> None:
    for name, text in (("Lead", LEAD), ("OpportunityHistory", STAGE)):
        folder = tmp_path / "extracts" / "salesforce" / name / NIGHT.isoformat()
        folder.mkdir(parents=True)
        (folder / "part.csv").write_text(text)
    assert landing() == {"sources": ["salesforce"], "loads": [("OpportunityHistory", 1)]}
