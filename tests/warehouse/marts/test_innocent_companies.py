"""Nobody is accused in a company where nobody does anything wrong, whatever its data lack.

Each run takes other kinds of companies, with five seeds each; `make bench-integrity` tries all of
them, larger and with twenty. It shows one of these again, too:
`make bench-integrity PART=innocent KINDS=… SEEDS=… LEADS=600`.
"""

import os
from collections import Counter
from datetime import date, timedelta
from pathlib import Path
from random import Random
from typing import Any

import psycopg
import pytest
from psycopg import sql

from lead_handoff.dbt import runner
from lead_handoff.simulate.innocence import INNOCENT
from lead_handoff.simulate.plain import agreement_of
from lead_handoff.simulate.run import Company, simulate
from lead_handoff.simulate.scoring import false_accusations
from tests.oracle.agreements import EXAMPLE
from tests.warehouse.marts.nights import Nights

pytestmark = pytest.mark.thorough

LEADS, DAYS = 600, 175
"""Enough for every rule's minimum but cherry picking's, and a third of the bench's time."""
POSSIBLE = 10
"""So few handoffs cannot tell one in a thousand from some: that is the bench's to measure."""

STILL_ACCUSED = {
    "dates_only": "a date without a time of day is taken for its midnight",
    "midnights": "the same",
    "noons": "the same",
    "nightly_logs": "a day's calls of one person, recorded in one minute, may be padded",
    "lead_history": "without its history a lead's status is taken for that of its creation",
    "marketo_history": "the same",
    "opportunities": "a lead that is sql by its status is judged as stalled without them",
    "_to_the_middle": "a stream that stops has to be told from one that brings nothing",
    "_twenty_rows": "the same",
    "owners_one_row": "the same",
    "owners_from_the_middle": "a record that is told anew later had no owner until then",
    "attributes_from_the_middle": "a record that is told anew later had no attributes until then",
}
"""Kinds, by a part of their names, in which somebody is still accused, and why."""


def in_turn() -> list[tuple[str, int]]:
    """Two kinds, others in each session, with five seeds each."""
    random = Random(int(os.environ["HANDOFF_SESSION_SEED"]))
    kinds = [kind for kind in INNOCENT if not any(part in kind for part in STILL_ACCUSED)]
    return [
        (kind, random.randrange(1_000, 1_000_000))
        for kind in random.sample(kinds, 2)
        for _ in range(5)
    ]


@pytest.mark.parametrize(("kind", "seed"), in_turn())
def test_nobody_is_accused_in_an_innocent_company(
    warehouse: Any, tmp_path: Path, kind: str, seed: int
) -> None:
    start = date(2026, 2, 1)
    out, truth = tmp_path / "extracts", tmp_path / "truth.jsonl"
    simulate(Company(out, truth, LEADS, seed, start, DAYS, nights=0, noise=False, innocent=kind))
    agreement = agreement_of(INNOCENT[kind].system, EXAMPLE, tmp_path / "agreement")
    nights = Nights(warehouse, out, agreement)
    night = start + timedelta(DAYS)
    nights.land(night)
    plan = nights.prepare(night)
    with nights.as_settings():
        runner.build(
            plan.slot,
            full_refresh=True,
            fence=nights.fence(),
            select=["+fct_integrity_findings", "+fct_handoffs"],
            with_tests=False,
            is_laid_out=True,
        )
    found, handoffs = accusations(warehouse.url("transformer"), plan.slot)
    assert handoffs > LEADS / 3
    possible = Counter(
        {
            case: count
            for case, count in found.items()
            if case[1] == "possible" and count <= POSSIBLE
        }
    )
    assert false_accusations(found - possible, handoffs) == []


def accusations(url: str, slot: str) -> tuple[Counter[tuple[str, str]], int]:
    """The findings of a slot by rule and grade, and its handoffs."""
    findings, handoffs = (
        sql.Identifier(slot, mart) for mart in ("fct_integrity_findings", "fct_handoffs")
    )
    with psycopg.connect(url) as connection:
        rows = connection.execute(
            sql.SQL("select rule, grade, count(*) from {} group by rule, grade").format(findings)
        ).fetchall()
        row = connection.execute(sql.SQL("select count(*) from {}").format(handoffs)).fetchone()
    return Counter({(rule, grade): count for rule, grade, count in rows}), (row or (0,))[0]
