"""The planted violations are exactly those that an independent reading of the extracts finds."""

import csv
import gzip
import json
from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from lead_handoff.simulate.run import Company, simulate
from tests.oracle.agreements import all_is_delivered, copy_agreement
from tests.oracle.company import Landed
from tests.oracle.oracle import Judged, judge

START = date(2026, 2, 1)
BY_LEAD = (
    "auto_acceptance",
    "auto_expiry_accepts",
    "backward_move",
    "below_definition",
    "deleted_after_handoff",
    "future_or_backdated",
    "history_gap",
    "ignored_handoff",
    "impossible_move",
    "late_acceptance",
    "missing_score",
    "no_owner",
    "one_touch_abandonment",
    "overqualified_rejection",
    "owner_inactive",
    "rejected_without_follow_up",
    "rejection_without_reason",
    "silent_auto_promotion",
    "skipped_stage",
    "stalled_lead",
    "systems_disagree",
)
"""Rules with a condition on single leads, as against shares, batches and values."""


def landed(root: Path) -> Iterator[Landed]:
    for path in sorted(root.glob("*/*/*/*")):
        source, name, night = path.parts[-4:-1]
        if path.name == "manifest.json":
            continue
        opened = gzip.open if path.suffix == ".gz" else open
        with opened(path, "rt", encoding="utf-8", newline="") as file:
            records: Iterable[dict[str, str]] = csv.DictReader(file)
            if ".jsonl" in path.name:
                records = (
                    {k: "" if v is None else str(v) for k, v in json.loads(line).items()}
                    for line in file
                )
            for row in records:
                yield Landed(source, name, date.fromisoformat(night), row)


def lead_ids(judged: Judged) -> dict[str, str]:
    return {
        str(survivor): lead.lead_id
        for lead in judged.identity.leads
        for source in ("salesforce", "marketo")
        if (survivor := lead.survivor_id(source))
    }


def planted_and_found(
    folder: Path, **options: object
) -> tuple[dict[str, set[str]], dict[str, set[str | None]]]:
    company = Company(
        out=folder / "extracts",
        truth=folder / "truth.jsonl",
        start=START,
        noise=False,
        **options,  # type: ignore[arg-type]
    )
    simulate(company)
    night = START + timedelta(company.first_days + company.nights)
    as_of = datetime(night.year, night.month, night.day, tzinfo=UTC)
    # What was planted before a kind of fact began to come in is judged too.
    agreement = copy_agreement(folder / "agreement", {"thresholds": all_is_delivered})
    judged = judge(landed(folder / "extracts"), agreement, as_of, night)
    ids = lead_ids(judged)
    planted: dict[str, set[str]] = defaultdict(set)
    for line in company.truth.read_text(encoding="utf-8").splitlines()[1:]:
        truth = json.loads(line)
        known = truth["salesforce_id"] or str(truth["marketo_id"])
        for plant in truth["planted"]:
            planted[plant["rule"]].add(ids[known])
    found: dict[str, set[str | None]] = defaultdict(set)
    for finding in judged.findings.found:
        found[finding.rule].add(finding.lead_id)
    return planted, found


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_reference_finds_what_was_planted_and_nothing_else(tmp_path: Path, seed: int) -> None:
    planted, found = planted_and_found(tmp_path, leads=1_200, seed=seed)
    assert {rule: found[rule] for rule in BY_LEAD} == {rule: planted[rule] for rule in BY_LEAD}
    assert sum(bool(planted[rule]) for rule in BY_LEAD) > 18


def test_what_a_trial_adds_breaks_no_other_rule(tmp_path: Path) -> None:
    planted, found = planted_and_found(
        tmp_path, leads=800, seed=2, first_days=175, nights=0, trial=True
    )
    # A timer that nobody listed is inferred from many leads, which the reference does not do.
    rules = [rule for rule in BY_LEAD if rule != "silent_auto_promotion"]
    assert {rule: found[rule] for rule in rules} == {rule: planted[rule] for rule in rules}
    assert found["silent_auto_promotion"] <= planted["silent_auto_promotion"]
