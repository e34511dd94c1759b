"""A lead's timeline tells all that the facts know of it, once each, in order."""

from collections import Counter, defaultdict
from typing import Any

import pytest

from tests.warehouse.marts.conftest import Built

pytestmark = pytest.mark.slow


def test_the_timeline_holds_every_fact_of_every_lead_once(company: Built) -> None:
    marts = company.marts
    told = Counter(
        (row["lead_id"], row["kind"], row["subject_id"]) for row in marts["lead_timeline"]
    )
    expected: Counter[tuple[str, str, str]] = Counter()
    expected.update((r["lead_id"], "record", r["source_id"]) for r in marts["bridge_lead_ids"])
    expected.update(
        (r["lead_id"], "echo" if r["is_echo"] else "stage", r["event_id"])
        for r in marts["fct_stage_events"]
    )
    expected.update((r["lead_id"], "handoff", r["handoff_id"]) for r in marts["fct_handoffs"])
    expected.update((r["lead_id"], "touch", r["touch_id"]) for r in marts["fct_touches"])
    expected.update(
        (r["lead_id"], "transfer", f"{r['handoff_id']}|{r['leg_number']}")
        for r in marts["fct_handoff_legs"]
        if r["leg_number"] > 1
    )
    expected.update(
        (r["lead_id"], "finding", r["finding_id"])
        for r in marts["fct_integrity_findings"]
        if r["lead_id"]
    )
    kinds = {kind for _, kind, _ in told}
    assert kinds == {kind for _, kind, _ in expected} | {"promise"}
    assert Counter({key: n for key, n in told.items() if key[1] != "promise"}) == expected
    promises = Counter(
        r["lead_id"]
        for r in marts["fct_sla_compliance"]
        if r["lead_id"] and r["status"] in ("met", "breached")
    )
    assert Counter(lead for lead, kind, _ in told.elements() if kind == "promise") == promises


def test_lines_are_numbered_in_order_of_time(company: Built) -> None:
    leads: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in company.marts["lead_timeline"]:
        leads[row["lead_id"]].append(row)
    for lines in leads.values():
        lines.sort(key=lambda row: row["line_number"])
        assert [row["line_number"] for row in lines] == list(range(1, len(lines) + 1))
        instants = [row["occurred_at"] for row in lines if row["occurred_at"]]
        assert instants == sorted(instants)
        # Only a finding may speak of the future: that something is dated in it.
        assert all(
            row["occurred_at"] < row["run_as_of"] for row in lines if row["kind"] != "finding"
        )
