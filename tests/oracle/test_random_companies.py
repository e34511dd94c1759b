"""Laws of the marts that the reference itself keeps on random companies."""

from datetime import date
from itertools import pairwise
from pathlib import Path
from random import Random
from typing import Any

import pytest

from tests.oracle import marts
from tests.oracle.agreements import EXAMPLE, VARIANTS, variant
from tests.oracle.histories import (
    AS_OF,
    NIGHT,
    random_company,
    read_extracts,
    scatter,
    write_extracts,
)
from tests.oracle.oracle import judge

Marts = dict[str, list[dict[str, Any]]]


def _sorted(found: Marts) -> dict[str, list[str]]:
    return {name: sorted(map(repr, rows)) for name, rows in found.items()}


@pytest.mark.parametrize("seed", range(6))
def test_marts_do_not_depend_on_the_nights_that_brought_the_rows(seed: int) -> None:
    rows = random_company(seed, 40)
    expected = _sorted(marts(rows, EXAMPLE, AS_OF, NIGHT))
    scattered = scatter(rows, Random(seed), date(2026, 1, 1), NIGHT)
    assert _sorted(marts(scattered, EXAMPLE, AS_OF, NIGHT)) == expected


@pytest.mark.parametrize("name", ["example", *VARIANTS])
def test_the_laws_of_the_marts_hold(name: str, tmp_path: Path) -> None:
    agreement = EXAMPLE if name == "example" else variant(name, tmp_path / name)
    found = marts(random_company(len(name), 200), agreement, AS_OF, NIGHT)
    _transitions_are_unbroken(found)
    numbers: dict[tuple[str, int], list[int]] = {}
    for row in found["fct_handoffs"]:
        numbers.setdefault((row["lead_id"], row["journey_number"]), []).append(
            row["handoff_number"]
        )
    for seen in numbers.values():
        assert sorted(seen) == list(range(1, len(seen) + 1))
    for mart, key in (
        ("dim_leads", ("lead_id",)),
        ("bridge_lead_ids", ("source_system", "source_id")),
        ("fct_stage_events", ("event_id",)),
        ("fct_stage_transitions", ("transition_id",)),
        ("fct_handoffs", ("handoff_id",)),
        ("fct_handoff_legs", ("handoff_id", "leg_number")),
        ("fct_touches", ("touch_id",)),
        ("fct_integrity_findings", ("finding_id",)),
    ):
        keys = [tuple(row[column] for column in key) for row in found[mart]]
        assert len(keys) == len(set(keys)) > 0, mart
    assert {row["outcome"] for row in found["fct_handoffs"]} <= {
        "accepted",
        "rejected",
        "ignored",
        "pending",
        "withdrawn",
    }


def _transitions_are_unbroken(found: Marts) -> None:
    by_lead: dict[str, list[dict[str, Any]]] = {}
    for row in found["fct_stage_transitions"]:
        by_lead.setdefault(row["lead_id"], []).append(row)
    for moves in by_lead.values():
        assert [row["transition_number"] for row in moves] == list(range(1, len(moves) + 1))
        for before, after in pairwise(moves):
            assert before["exited_at"] == after["entered_at"]
            assert before["to_stage"] == after["from_stage"] != after["to_stage"]
        assert moves[-1]["exited_at"] is None


def test_companies_have_timers_that_nobody_listed() -> None:
    for seed in range(3):
        found = judge(random_company(seed, 100), EXAMPLE, AS_OF, NIGHT).findings
        assert found.timers() != {}, seed


def test_the_same_seed_gives_the_same_company() -> None:
    assert random_company(3, 30) == random_company(3, 30)
    assert random_company(3, 30) != random_company(4, 30)


def test_extracts_lie_where_landing_looks(tmp_path: Path) -> None:
    written = write_extracts(random_company(3, 5), tmp_path, Random(3))
    sources = {path.relative_to(tmp_path).parts[0] for path in written}
    assert sources == {"salesforce", "marketo", "generic", "hubspot"}
    for path in written:
        date.fromisoformat(path.parent.name)


def test_what_was_written_as_extracts_is_read_back(tmp_path: Path) -> None:
    rows = random_company(4, 5)
    write_extracts(rows, tmp_path, Random(4))
    again = marts(read_extracts(tmp_path), EXAMPLE, AS_OF, NIGHT)
    assert _sorted(again) == _sorted(marts(rows, EXAMPLE, AS_OF, NIGHT))
