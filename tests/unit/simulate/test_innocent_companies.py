"""In an innocent company nobody does anything wrong, and each kind lacks what its name says."""

import csv
import gzip
import json
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from lead_handoff.catalogue import CATALOGUE
from lead_handoff.simulate.__main__ import main
from lead_handoff.simulate.innocence import INNOCENT
from lead_handoff.simulate.plain import agreement_of
from lead_handoff.simulate.run import Company, simulate
from lead_handoff.simulate.scoring import false_accusations
from lead_handoff.simulate.withheld import AMOUNTS, CLOCKS, FACTS
from tests.oracle.company import Landed
from tests.oracle.oracle import judge

EXAMPLE = Path(__file__).parents[3] / "dbt_project" / "seeds" / "agreement"
START, DAYS = date(2026, 2, 1), 175
END = START + timedelta(DAYS)
MIDDLE = datetime(2026, 2, 1, tzinfo=UTC) + timedelta(DAYS / 2)

Key = tuple[str, str]
HELD: dict[str, tuple[Key, str]] = {
    "owners": (("salesforce", "Lead"), "OwnerId"),
    "scores": (("marketo", "leads"), "leadScore"),
    "attributes": (("salesforce", "Lead"), "Budget__c"),
    "reasons": (("salesforce", "Lead"), "Rejection_Reason__c"),
    "actors": (("salesforce", "LeadHistory"), "CreatedById"),
}
"""Facts that are a column: where to look for it."""
ROWS: dict[str, tuple[Key, str, str]] = {
    "users": (("salesforce", "User"), "", ""),
    "activities": (("salesforce", "Task"), "", ""),
    "opportunities": (("salesforce", "Opportunity"), "", ""),
    "lead_history": (("salesforce", "LeadHistory"), "", ""),
    "opportunity_history": (("salesforce", "OpportunityFieldHistory"), "", ""),
    "marketo_history": (("marketo", "activities"), "activityTypeId", "13"),
}
"""Facts that are rows: the object, and a column that tells them from its other rows."""


def landed(folder: Path, kind: str, leads: int = 150, seed: int = 1) -> list[Landed]:
    """The rows of a company of this kind."""
    out = folder / kind
    simulate(
        Company(out, folder / f"{kind}.truth", leads, seed, START, DAYS, nights=0, innocent=kind)
    )
    return [*_read(out)]


def _read(out: Path) -> Iterator[Landed]:
    for path in sorted(out.glob("*/*/*/*")):
        source, name, night = path.parts[-4:-1]
        if path.name == "manifest.json":
            continue
        opened = gzip.open if path.suffix == ".gz" else open
        with opened(path, "rt", encoding="utf-8", newline="") as file:
            if ".jsonl" in path.name:
                for line in file:
                    record = json.loads(line)
                    row = {k: "" if v is None else str(v) for k, v in record.items()}
                    yield Landed(source, name, date.fromisoformat(night), row)
            else:
                for row in csv.DictReader(file):
                    yield Landed(source, name, date.fromisoformat(night), row)


def told(rows: list[Landed], fact: str) -> list[Landed]:
    """The rows that tell a fact of this kind."""
    if fact in HELD:
        key, column = HELD[fact]
        filled = ("", "null")
        return [r for r in rows if (r.source, r.object) == key and r.row[column] not in filled]
    key, column, value = ROWS[fact]
    return [
        r for r in rows if (r.source, r.object) == key and (not column or r.row[column] == value)
    ]


def stamp(row: Landed) -> datetime:
    spec = CATALOGUE[row.source][row.object]
    return datetime.fromisoformat(row.row[spec.stamps[-1]])


HABITS = [kind for kind, of in INNOCENT.items() if not of.fact and not of.clock]


@pytest.mark.parametrize("kind", HABITS)
def test_the_reference_finds_nothing_in_a_company_that_tells_all(tmp_path: Path, kind: str) -> None:
    as_of = datetime(END.year, END.month, END.day, tzinfo=UTC)
    agreement = agreement_of(INNOCENT[kind].system, EXAMPLE, tmp_path / "agreement")
    judged = judge(landed(tmp_path, kind, leads=300), agreement, as_of, END)
    found = Counter((finding.rule, finding.grade) for finding in judged.findings.found)
    # A promotion that nobody wrote a call down for may fall on the day of a listed timer.
    found.pop(("silent_auto_promotion", "possible"), None)
    handoffs = [*judged.handoffs.all()]
    assert false_accusations(found, len(handoffs)) == []
    assert {"accepted", "rejected"} <= {one.outcome for one in handoffs}
    assert any(
        move.is_silent and move.event.stage == "sql"
        for moves in judged.transitions.values()
        for move in moves
    )


def test_one_story_is_told_by_every_system(tmp_path: Path) -> None:
    as_of = datetime(END.year, END.month, END.day, tzinfo=UTC)
    stories = []
    for kind in ("plain", "generic_plain", "hubspot_plain"):
        agreement = agreement_of(INNOCENT[kind].system, EXAMPLE, tmp_path / f"{kind}_agreement")
        judged = judge(landed(tmp_path, kind), agreement, as_of, END)
        stories.append(
            sorted(
                (one.offered_at, one.outcome, len(one.touches), one.tier, one.attributes_met)
                for one in judged.handoffs.all()
            )
        )
    assert stories[0] == stories[1] == stories[2] != []


def test_every_kind_of_fact_is_told_where_nothing_is_withheld(tmp_path: Path) -> None:
    rows = landed(tmp_path, "plain")
    assert [fact for fact in FACTS if not told(rows, fact)] == []


@pytest.mark.parametrize("fact", FACTS)
def test_a_fact_is_told_by_as_many_rows_as_its_kind_says(tmp_path: Path, fact: str) -> None:
    for amount in ("none", "one_row", "twenty_rows"):
        if f"{fact}_{amount}" in INNOCENT:
            rows = told(landed(tmp_path, f"{fact}_{amount}"), fact)
            assert len(rows) <= AMOUNTS[amount].rows, amount


@pytest.mark.parametrize("fact", [f for f in FACTS if f"{f}_from_the_middle" in INNOCENT])
def test_a_fact_begins_or_stops_in_the_middle(tmp_path: Path, fact: str) -> None:
    late = told(landed(tmp_path, f"{fact}_from_the_middle"), fact)
    early = told(landed(tmp_path, f"{fact}_to_the_middle"), fact)
    assert late
    assert min(map(stamp, late)) >= MIDDLE
    assert early
    assert max(map(stamp, early)) < MIDDLE


def test_only_the_withheld_fact_is_missing(tmp_path: Path) -> None:
    plain, without = landed(tmp_path, "plain"), landed(tmp_path, "activities_none")
    activities = {("salesforce", "Task"), ("salesforce", "Event")}
    assert [r for r in plain if (r.source, r.object) not in activities] == without


@pytest.mark.parametrize("clock", CLOCKS)
def test_a_company_without_times_of_day_has_none_in_any_moment(tmp_path: Path, clock: str) -> None:
    rows = landed(tmp_path, clock)
    behind = {
        value[10:]
        for one in rows
        for column, value in one.row.items()
        if (spec := CATALOGUE[one.source][one.object].by_folded_name.get(column.casefold()))
        and spec.kind == "timestamp"
        and value
    }
    assert behind == {CLOCKS[clock]}


def test_nobody_is_held_guilty_by_the_truth(tmp_path: Path) -> None:
    landed(tmp_path, "plain", leads=50)
    lines = (tmp_path / "plain.truth").read_text(encoding="utf-8").splitlines()
    company, *leads = map(json.loads, lines)
    assert [plant["rule"] for plant in company["planted"]] == ["unsigned_agreement"]
    assert not any(lead["planted"] for lead in leads)


def test_the_command_line_writes_an_innocent_company_by_its_kind(tmp_path: Path) -> None:
    arguments = ["--out", f"{tmp_path}/a", "--truth", f"{tmp_path}/t", "--leads", "20"]
    assert main([*arguments, "--innocent", "scores_none", "--nights", "0"]) == 0
    assert not told([*_read(tmp_path / "a")], "scores")
    with pytest.raises(SystemExit):
        main([*arguments, "--innocent", "scores_none", "--trial"])


def test_false_accusations_are_what_is_too_much() -> None:
    found = {
        ("unsigned_agreement", "certain"): 1,
        ("not_delivered", "certain"): 3,
        ("rubber_stamp", "likely"): 1,
        ("silent_auto_promotion", "possible"): 2,
    }
    assert false_accusations(found, 2_000) == ["rubber_stamp: 1 likely in 2000 handoffs"]
    assert len(false_accusations(found, 1_999)) == 2
