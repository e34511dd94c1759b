"""What the simulated company's extracts promise to those who load them."""

import csv
import gzip
import hashlib
import json
import os
from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from lead_handoff.simulate.__main__ import main
from lead_handoff.simulate.catalogue import COLUMNS
from lead_handoff.simulate.company import INBOUND_QUEUE, PARTNER_USER, SYNC_USER, TIMER_USER
from lead_handoff.simulate.delivery import Horizon
from lead_handoff.simulate.identifiers import expand
from lead_handoff.simulate.run import Company, simulate

START = date(2026, 2, 1)
STAMPS = {
    ("salesforce", "LeadHistory"): "CreatedDate",
    ("salesforce", "OpportunityFieldHistory"): "CreatedDate",
    ("marketo", "leads"): "updatedAt",
    ("marketo", "activities"): "activityDate",
}
DELIVERED = {of: columns for of, columns in COLUMNS.items() if of[0] in ("salesforce", "marketo")}
KEYS = {"leads": "id", "activities": "marketoGUID", "activity_types": "id"}
CONDITION_RULES = {
    "auto_acceptance",
    "auto_expiry_accepts",
    "backward_move",
    "below_definition",
    "cherry_picking",
    "deleted_after_handoff",
    "engaged_but_unfit",
    "future_or_backdated",
    "history_gap",
    "ignored_handoff",
    "impossible_move",
    "late_acceptance",
    "missing_score",
    "mql_flood",
    "no_owner",
    "one_touch_abandonment",
    "overqualified_rejection",
    "owner_inactive",
    "padded_activity",
    "rejected_without_follow_up",
    "rejection_without_reason",
    "rubber_stamp",
    "silent_auto_promotion",
    "skipped_stage",
    "stalled_lead",
    "systems_disagree",
    "unmapped_stage_value",
}

Row = dict[str, str]


def run(folder: Path, *, leads: int = 300, seed: int = 1, **options: object) -> Path:
    simulate(
        Company(
            out=folder / "extracts",
            truth=folder / "truth.jsonl",
            leads=leads,
            seed=seed,
            start=START,
            **options,  # type: ignore[arg-type]
        )
    )
    return folder


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A company of the demo's size, with the feed's faults."""
    return run(tmp_path_factory.mktemp("company"), leads=2_000)


@pytest.fixture(scope="module")
def clean(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same company, delivered without a fault."""
    return run(tmp_path_factory.mktemp("clean"), leads=2_000, noise=False)


def lines(path: Path) -> Iterator[str]:
    if path.suffix == ".gz":
        with gzip.open(path, "rt", encoding="utf-8", newline="") as packed:
            yield from packed
    else:
        with path.open(encoding="utf-8", newline="") as plain:
            yield from plain


def rows(folder: Path, source: str, name: str) -> Iterator[tuple[str, Row]]:
    """(folder date, row) of every row of an object, damaged lines left out."""
    for path in sorted((folder / "extracts" / source / name).glob("*/*")):
        if path.name == "manifest.json":
            continue
        if ".jsonl" in path.name:
            for line in lines(path):
                record = json.loads(line)
                yield path.parent.name, {k: "" if v is None else str(v) for k, v in record.items()}
            continue
        for row in csv.DictReader(lines(path)):
            if row.get(list(row)[-1]) is not None and not is_damaged(row):
                yield path.parent.name, row


def is_damaged(row: Row) -> bool:
    return row.get("CreatedDate") in ("yesterday", "2026-02-30T10:00:00.000Z") or row.get(
        "activityDate", ""
    ).endswith("24:61")


def truths(folder: Path) -> list[dict]:
    return [json.loads(line) for line in (folder / "truth.jsonl").open(encoding="utf-8")]


def digest(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_the_same_seed_gives_the_same_bytes_and_another_seed_others(tmp_path: Path) -> None:
    first = digest(run(tmp_path / "a"))
    assert first == digest(run(tmp_path / "b"))
    other = digest(run(tmp_path / "c", seed=2))
    assert first.keys() == other.keys() or first != other
    assert first["truth.jsonl"] != other["truth.jsonl"]


def test_the_number_of_processes_changes_no_byte(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "cpu_count", lambda: 1)
    alone = digest(run(tmp_path / "alone", leads=60, part_leads=20))
    monkeypatch.setattr(os, "cpu_count", lambda: 2)
    assert alone == digest(run(tmp_path / "together", leads=60, part_leads=20))
    assert any("lead-0002.csv" in name for name in alone)


@pytest.mark.parametrize("noise", [False, True])
def test_the_nights_together_say_what_one_full_extract_says(tmp_path: Path, noise: bool) -> None:
    nightly = run(tmp_path / "nightly", first_days=90, nights=7, noise=noise)
    whole = run(tmp_path / "whole", first_days=97, nights=0, noise=noise)
    for source, name in DELIVERED:
        key = KEYS.get(name, "Id")
        stamp = STAMPS.get((source, name), "SystemModstamp")
        newest: list[dict[str, Row]] = []
        for folder in (nightly, whole):
            state: dict[str, Row] = {}
            for _, row in rows(folder, source, name):
                if row[key] not in state or row.get(stamp, "") >= state[row[key]].get(stamp, ""):
                    state[row[key]] = row
            newest.append(state)
        assert newest[0] == newest[1], (source, name)
        assert newest[0], (source, name)
    assert truths(nightly)[1:] == truths(whole)[1:]


def test_every_row_lies_in_the_window_of_its_folder(clean: Path) -> None:
    horizon = Horizon(START, 90, 7)
    for source, name in DELIVERED:
        stamp = STAMPS.get((source, name), "SystemModstamp")
        for folder, row in rows(clean, source, name):
            if stamp not in row:
                assert folder == horizon.folder(0)
                continue
            instant = datetime.fromisoformat(row[stamp].replace("Z", "+00:00"))
            last = datetime.fromisoformat(folder).replace(tzinfo=UTC)
            if instant > datetime(2026, 5, 9, tzinfo=UTC):
                continue  # the change dated in the future
            assert instant < last, (source, name, row)
            if folder != horizon.folder(0):
                assert instant >= last - timedelta(days=1), (source, name, row)


def test_references_lead_somewhere(company: Path) -> None:
    def ids(source: str, name: str, column: str) -> set[str]:
        return {row[column] for _, row in rows(company, source, name)} - {"", "null"}

    leads = ids("salesforce", "Lead", "Id")
    people = ids("salesforce", "User", "Id") | ids("salesforce", "Group", "Id")
    contacts = ids("salesforce", "Lead", "ConvertedContactId")
    opportunities = ids("salesforce", "Opportunity", "Id")
    marketo = ids("marketo", "leads", "id")
    assert ids("salesforce", "LeadHistory", "LeadId") <= leads
    assert ids("salesforce", "LeadHistory", "CreatedById") <= people
    assert ids("salesforce", "Lead", "OwnerId") <= people
    assert ids("salesforce", "Lead", "MasterRecordId") <= leads
    assert ids("salesforce", "Task", "WhoId") <= leads | contacts
    assert ids("salesforce", "Event", "WhoId") <= leads | contacts
    assert ids("salesforce", "Task", "OwnerId") <= people
    assert ids("salesforce", "OpportunityFieldHistory", "OpportunityId") <= opportunities
    assert ids("salesforce", "OpportunityContactRole", "OpportunityId") <= opportunities
    assert ids("salesforce", "Lead", "ConvertedOpportunityId") <= opportunities
    campaigns = ids("salesforce", "Campaign", "Id")
    assert ids("salesforce", "CampaignMember", "CampaignId") <= campaigns
    assert ids("salesforce", "CampaignMember", "LeadId") <= leads
    assert ids("marketo", "activities", "leadId") <= marketo
    assert ids("marketo", "leads", "sfdcLeadId") <= leads
    kinds = ids("marketo", "activity_types", "id")
    assert ids("marketo", "activities", "activityTypeId") <= kinds
    for found in (*leads, *people, *contacts, *opportunities):
        assert found == expand(found[:15])


def test_keys_are_unique_per_version(clean: Path) -> None:
    for source, name in DELIVERED:
        key = KEYS.get(name, "Id")
        stamp = STAMPS.get((source, name), "SystemModstamp")
        seen = Counter((row[key], row.get(stamp)) for _, row in rows(clean, source, name))
        assert max(seen.values()) == 1, (source, name)


def test_a_history_has_no_gap_but_the_planted_ones(company: Path) -> None:
    planted = {
        truth["salesforce_id"]
        for truth in truths(company)[1:]
        if any(plant["rule"] == "history_gap" for plant in truth["planted"])
    }
    chains: dict[str, set[tuple[str, str, str, str]]] = defaultdict(set)
    for _, row in rows(company, "salesforce", "LeadHistory"):
        if row["Field"] == "Status":
            chains[row["LeadId"]].add(
                (row["CreatedDate"], row["Id"], row["OldValue"], row["NewValue"])
            )
    broken = set()
    for lead, changes in chains.items():
        ordered = sorted(changes)
        if any(a[3] != b[2] for a, b in pairwise(ordered)):
            broken.add(lead)
    assert broken == planted
    assert planted


def test_owner_changes_are_written_as_name_and_as_id(company: Path) -> None:
    kinds: dict[tuple[str, str], set[str]] = defaultdict(set)
    for _, row in rows(company, "salesforce", "LeadHistory"):
        if row["Field"] == "Owner":
            kinds[row["LeadId"], row["CreatedDate"]].add(row["DataType"])
    assert kinds
    assert set(map(frozenset, kinds.values())) == {frozenset({"Text", "EntityId"})}


def test_every_rule_is_broken_somewhere_and_every_look_alike_occurs(company: Path) -> None:
    header, *leads = truths(company)
    planted = {plant["rule"] for lead in leads for plant in lead["planted"]}
    assert planted == CONDITION_RULES
    assert {plant["rule"] for plant in header["planted"]} == {
        "cherry_picking",
        "collusive_pair",
        "mql_flood",
        "rubber_stamp",
        "unsigned_agreement",
    }
    reasons = {other["why"] for lead in leads for other in lead["look_alikes"]}
    assert reasons == {
        "fast, and worked at once",
        "registered automation",
        "day 14, by the rep who worked it",
        "two changes in one second",
        "merged, not deleted",
        "the same deal, closed again",
        "synced late",
    }


@pytest.fixture(scope="module")
def trials(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Companies in which every kind of misconduct is tried, with its look-alikes."""
    return [
        run(
            tmp_path_factory.mktemp("trial"),
            leads=1_000,
            seed=seed,
            first_days=175,
            nights=0,
            noise=False,
            trial=True,
        )
        for seed in range(1, 7)
    ]


def test_a_trial_plants_every_kind_that_takes_many_leads_to_show(trials: list[Path]) -> None:
    planted = {plant["rule"] for trial in trials for plant in truths(trial)[0]["planted"]}
    assert planted == {
        "cherry_picking",
        "collusive_pair",
        "mql_flood",
        "rubber_stamp",
        "unsigned_agreement",
    }
    picked = {plant.get("kind") for trial in trials for plant in truths(trial)[0]["planted"]}
    assert picked == {
        None,
        "acceptances in the first days",
        "acceptances in the last days",
        "first touches in the first days",
        "first touches in the last days",
    }
    details = {
        plant["detail"]
        for trial in trials
        for lead in truths(trial)[1:]
        for plant in lead["planted"]
        if plant["rule"] == "silent_auto_promotion"
    }
    assert details == {
        "run as the flow's user",
        "run as an ordinary user",
        "unlisted timer, as an ordinary user",
        "unlisted timer, in the owner's name",
    }
    seconds = [
        plant
        for trial in trials
        for lead in truths(trial)[1:]
        for plant in lead["planted"]
        if plant["detail"] == "in seconds"
    ]
    assert {plant["rule"] for plant in seconds} == {"rubber_stamp"}


def test_a_trial_has_look_alikes_of_all_of_them(trials: list[Path]) -> None:
    heads = [truths(trial)[0] for trial in trials]
    seen = {(other["rule"], other["why"]) for head in heads for other in head["look_alikes"]}
    assert seen == {
        ("cherry_picking", "a busy last week for everybody"),
        ("collusive_pair", "accepts everything from everybody"),
        ("collusive_pair", "accepts nearly all, and works them"),
        ("mql_flood", "many at once, and as fit as ever"),
        ("rubber_stamp", "accepts nearly all, and works them"),
        ("rubber_stamp", "fast, and works every lead"),
        ("too_good_pipeline", "none of sales' own, but quick"),
        ("too_good_pipeline", "slow, but some are sales' own"),
    }
    leads = [lead for trial in trials for lead in truths(trial)[1:]]
    reasons = {other["why"] for lead in leads for other in lead["look_alikes"]}
    assert {"by a person who wrote nothing down", "deleted after its rejection"} <= reasons


def test_no_subject_is_meant_and_looks_alike_at_once(trials: list[Path]) -> None:
    for trial in trials:
        head = truths(trial)[0]
        planted = {(plant["rule"], plant["subject"]) for plant in head["planted"]}
        others = {(other["rule"], other["subject"]) for other in head["look_alikes"]}
        assert not planted & others


def test_only_periods_that_are_over_are_held_against_anybody(trials: list[Path]) -> None:
    for trial in trials:
        for plant in truths(trial)[0]["planted"]:
            if plant["rule"] == "cherry_picking":
                assert plant["subject"].split("|")[1] in ("2026-01-01", "2026-04-01")
            if plant["rule"] == "mql_flood":
                assert "month|2026-02-01" <= plant["subject"] <= "month|2026-06-01"


def test_people_accept_about_half_of_the_handoffs(company: Path) -> None:
    machines = {TIMER_USER, PARTNER_USER, SYNC_USER}
    handoffs = [handoff for lead in truths(company)[1:] for handoff in lead["handoffs"]]
    due = [h for h in handoffs if h["response_due_at"] < "2026-05-09"]
    accepted = [h for h in due if h["response"] == "accepted" and h["responded_by"] not in machines]
    assert 0.40 < len(accepted) / len(due) < 0.60
    won = sum(deal["won"] for lead in truths(company)[1:] for deal in lead["deals"])
    assert 0 < won / 2_000 < 0.02


def test_the_feed_overlaps_comes_late_and_is_damaged_a_little(company: Path) -> None:
    horizon = Horizon(START, 90, 7)
    seen: dict[str, set[str]] = defaultdict(set)
    for folder, row in rows(company, "marketo", "activities"):
        seen[row["marketoGUID"]].add(folder)
    assert any(len(folders) > 1 for folders in seen.values())
    late = [
        row
        for folder, row in rows(company, "marketo", "activities")
        if folder != horizon.folder(0)
        and len(seen[row["marketoGUID"]]) == 1
        and row["activityDate"][:10] < (date.fromisoformat(folder) - timedelta(days=1)).isoformat()
    ]
    assert late
    assert not list((company / "extracts/salesforce/Event" / horizon.folder(3)).glob("*"))
    text = "".join(
        line
        for path in (company / "extracts/salesforce/LeadHistory").glob("*/*")
        for line in lines(path)
    )
    assert text.count("2026-02-30T10:00:00.000Z") == 9
    tasks = [
        line for path in (company / "extracts/salesforce/Task").glob("*/*") for line in lines(path)
    ]
    assert sum(line.count(",") == 2 for line in tasks) >= 8


def test_manifests_name_every_file_with_its_rows_and_hash(company: Path) -> None:
    manifests = list((company / "extracts" / "marketo").glob("*/*/manifest.json"))
    assert len(manifests) > 8
    for manifest in manifests:
        files = json.loads(manifest.read_text())["files"]
        there = {path.name for path in manifest.parent.iterdir()} - {"manifest.json"}
        assert {file["name"] for file in files} == there
        for file in files:
            path = manifest.parent / file["name"]
            assert file["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()
            header = 0 if ".jsonl" in path.name else 1
            assert file["rows"] == sum(1 for _ in lines(path)) - header


def test_the_extracts_hold_the_sources_own_columns_and_nothing_of_the_truth(
    company: Path,
) -> None:
    for (source, name), columns in DELIVERED.items():
        for _, row in rows(company, source, name):
            assert tuple(row) == columns
            break
    for path in (company / "extracts").rglob("*"):
        if path.is_file():
            text = "".join(lines(path))
            for word in ("planted", "look_alike", "neglectful", "rubber_stamp", "collusive"):
                assert word not in text, path


def test_three_formats_are_delivered(company: Path) -> None:
    names = [path.name for path in (company / "extracts").rglob("*.*") if path.is_file()]
    assert {".csv", ".gz", ".jsonl"} <= {Path(name).suffix for name in names}


def test_a_queue_owns_leads_only_until_somebody_claims_them(clean: Path) -> None:
    newest = {row["Id"]: row for _, row in rows(clean, "salesforce", "Lead")}
    accepted = [row for row in newest.values() if row["Status"] == "Accepted"]
    assert accepted
    assert all(row["OwnerId"] != INBOUND_QUEUE for row in accepted)


def test_the_truth_may_not_lie_among_the_extracts(tmp_path: Path) -> None:
    with pytest.raises(SystemExit):
        main(["--out", str(tmp_path), "--truth", str(tmp_path / "truth.jsonl")])


def test_the_command_writes_extracts_and_counts(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    truth = tmp_path / "truth.jsonl"
    arguments = ["--out", str(tmp_path / "x"), "--truth", str(truth), "--leads", "200"]
    assert main([*arguments, "--seed", "3", "--nights", "2", "--clean"]) == 0
    assert "ignored_handoff" in capsys.readouterr().out
    assert len(truth.read_text().splitlines()) == 201
    assert (tmp_path / "x/salesforce/Lead/2026-05-04/lead-0000.csv").is_file()
