"""The planted violations are exactly those that an independent reading of the extracts finds."""

import csv
import gzip
import json
from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from lead_handoff.simulate.run import Company, simulate
from tests.oracle.company import Landed
from tests.oracle.oracle import Judged, judge

EXAMPLE = Path(__file__).parents[3] / "dbt_project" / "seeds" / "agreement"
NIGHT = date(2026, 5, 9)
AS_OF = datetime(2026, 5, 9, tzinfo=UTC)
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


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_reference_finds_what_was_planted_and_nothing_else(tmp_path: Path, seed: int) -> None:
    simulate(
        Company(
            out=tmp_path / "extracts",
            truth=tmp_path / "truth.jsonl",
            leads=1_200,
            seed=seed,
            start=date(2026, 2, 1),
            noise=False,
        )
    )
    judged = judge(landed(tmp_path / "extracts"), EXAMPLE, AS_OF, NIGHT)
    ids = lead_ids(judged)
    planted: dict[str, set[str]] = defaultdict(set)
    for line in (tmp_path / "truth.jsonl").read_text(encoding="utf-8").splitlines()[1:]:
        truth = json.loads(line)
        known = truth["salesforce_id"] or str(truth["marketo_id"])
        for plant in truth["planted"]:
            planted[plant["rule"]].add(ids[known])
    found: dict[str, set[str | None]] = defaultdict(set)
    for finding in judged.findings.found:
        found[finding.rule].add(finding.lead_id)
    assert {rule: found[rule] for rule in BY_LEAD} == {rule: planted[rule] for rule in BY_LEAD}
    assert sum(bool(planted[rule]) for rule in BY_LEAD) > 18
