"""A build that dies on its way is done anew, and nothing tells it apart."""

import os
import signal
from random import Random

import psycopg
import pytest
from psycopg import sql

from lead_handoff.dbt import runner
from lead_handoff.warehouse import slots
from tests.warehouse.marts.conftest import History
from tests.warehouse.marts.nights import Nights, assert_same, fingerprint, notices, reference

pytestmark = pytest.mark.slow

KILLED_AFTER = [
    "int_identity__all_lead_ids",
    "int_events__all_stage_events",
    "int_transitions__all_transitions",
    "int_handoffs__all_handoffs",
    "int_sla__all_clauses",
]
"""Kept models: once one of them is built, it holds what the next attempt would start from."""


def kill_build(nights: Nights, plan: slots.BuildPlan, model: str) -> None:
    """Build until a model is done, and kill dbt then."""
    runner.stand_by()
    child = runner._waiting[-1].pid

    def kill(done: str) -> None:
        if done == model:
            os.killpg(child, signal.SIGKILL)

    with pytest.raises(runner.BuildError):
        nights.build(plan, finished=kill)


def test_a_killed_build_is_done_anew_and_gives_the_marts_of_an_unkilled_one(
    history: History,
) -> None:
    nights, day = history.nights, history.next_date
    last = history.told[-1]
    rows = last.rows + [row for row in history.later if row.folder_date <= day]
    model = Random(history.seed).choice(KILLED_AFTER)
    before = fingerprint(nights.marts())

    nights.deliver(rows[len(last.rows) :], Random(history.seed))
    nights.land(day)
    plan = nights.prepare(day)
    assert not plan.is_full
    kill_build(nights, plan, model)
    assert fingerprint(nights.marts()) == before, "readers see a night that was never finished"

    again = nights.run(day)
    assert again.slot == plan.slot
    assert again.is_full
    assert "broken off" in again.reason
    label = f"{history.seed}, killed after {model}"
    assert_same(reference(rows, day), nights.marts(), label)


def test_a_night_that_overlooks_what_has_landed_is_noticed(history: History) -> None:
    """The twin: news that the slot's build does not see must turn the comparison red."""
    nights, last = history.nights, history.told[-1]
    day = max(row.folder_date for row in history.later)
    rows = last.rows + history.later
    nights.deliver([row for row in history.later if row.folder_date > history.next_date],
                   Random(history.seed))  # fmt: skip
    nights.land(day)
    plan = nights.prepare(day)
    assert not plan.is_full
    with psycopg.connect(nights.warehouse.url("transformer")) as connection:
        connection.execute(
            sql.SQL(
                "update {} set previous_night = night, previous_as_of = as_of,"
                " since_load_id = (select max(load_id) from ops.loads)"
            ).format(sql.Identifier(plan.slot, "build_context"))
        )
    assert notices(nights, plan, reference(rows, day)), f"seed {history.seed}"
