"""The converter of the public funnel data, on made-up rows of the same columns."""

import csv
import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

from lead_handoff.agreement import Agreement, check_agreement

TOOL = Path(__file__).parents[3] / "tools" / "olist_to_generic.py"
LEADS = """mql_id,first_contact_date,landing_page_id,origin
aaa1,2018-02-01,p1,social
aaa2,2018-02-03,p2,
aaa3,2018-03-05,p1,paid_search
"""
DEALS = """mql_id,seller_id,sdr_id,sr_id,won_date,business_segment
aaa1,s1,u1,u2,2018-04-05 19:58:54,pet
aaa3,s2,u2,u2,2018-03-04 10:00:00,watches
"""


@pytest.fixture(scope="module")
def tool() -> ModuleType:
    spec = importlib.util.spec_from_file_location("olist_to_generic", TOOL)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def published(tmp_path: Path, tool: ModuleType) -> Path:
    (tmp_path / tool.LEADS_FILE).write_text(LEADS)
    (tmp_path / tool.DEALS_FILE).write_text(DEALS)
    return tmp_path


def convert(tool: ModuleType, folder: Path) -> int:
    return int(
        tool.main(
            [
                *("--from", str(folder)),
                *("--extracts", str(folder / "x")),
                *("--agreement", str(folder / "a")),
            ]
        )
    )


def rows(folder: Path, name: str) -> list[dict[str, str]]:
    with (folder / "x/generic" / name / "2018-04-06" / f"{name}.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def test_a_lead_is_inquiry_and_mql_on_its_first_contact(tool: ModuleType, published: Path) -> None:
    assert convert(tool, published) == 0
    events = [e for e in rows(published, "lead_events") if e["field"] == "status"]
    assert [
        (e["lead_id"], e["old_value"], e["new_value"], e["occurred_at"]) for e in events[:2]
    ] == [
        ("aaa1", "", "inquiry", "2018-02-01"),
        ("aaa1", "inquiry", "mql", "2018-02-01"),
    ]
    assert len(events) == 6
    assert [lead["lead_source"] for lead in rows(published, "leads")] == [
        "social",
        "",
        "paid_search",
    ]


def test_a_deal_is_won_when_it_was_and_claims_no_earlier_beginning(
    tool: ModuleType, published: Path
) -> None:
    assert convert(tool, published) == 0
    first = rows(published, "opportunities")[0]
    assert first["created_at"] == first["closed_at"] == "2018-04-05T19:58:54+00:00"
    assert (first["is_closed"], first["is_won"], first["closed_by"]) == ("true", "true", "u2")
    assert first["business_segment"] == "pet"
    owners = [e for e in rows(published, "lead_events") if e["field"] == "owner_id"]
    assert [(e["lead_id"], e["new_value"], e["occurred_at"]) for e in owners] == [
        ("aaa1", "u2", "2018-04-05T19:58:54+00:00"),
        ("aaa3", "u2", "2018-03-04T10:00:00+00:00"),
    ]


def test_the_agreement_holds_together_and_promises_nothing_the_data_lacks(
    tool: ModuleType, published: Path
) -> None:
    assert convert(tool, published) == 0
    assert check_agreement(published / "a") == []
    agreement = Agreement(published / "a")
    assert not agreement.rows("agreement_sla_terms")
    assert {row["stage"] for row in agreement.rows("agreement_stage_map")} == {"inquiry", "mql"}
    assert {row["team"] for row in agreement.rows("agreement_roster")} == {"Sales"}
    (version,) = agreement.versions
    assert version["valid_from"] == "2018-02-01"


def test_the_command_says_how_to_load_and_what_is_odd(
    tool: ModuleType, published: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert convert(tool, published) == 0
    told = capsys.readouterr().out
    assert "3 leads, 2 deals won (1 before the first contact)" in told
    assert "make nightly DATE=2018-04-06" in told


@pytest.mark.parametrize(
    ("deals", "says"),
    [
        ("mql_id,sdr_id,won_date\n", "no column sr_id"),
        ("mql_id,sdr_id,sr_id,won_date\n", "no rows"),
        ("mql_id,sdr_id,sr_id,won_date\nzzz,u,u,2018-04-05 10:00:00\n", "unknown leads"),
    ],
)
def test_files_that_do_not_fit_are_refused(
    tool: ModuleType,
    published: Path,
    capsys: pytest.CaptureFixture[str],
    deals: str,
    says: str,
) -> None:
    (published / tool.DEALS_FILE).write_text(deals)
    assert convert(tool, published) == 1
    assert says in capsys.readouterr().err


def test_a_missing_file_is_named(
    tool: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert convert(tool, tmp_path) == 1
    assert tool.LEADS_FILE in capsys.readouterr().err
