# ruff: noqa: S608 - statements of tests are put together from names of their own
"""Two build slots, each brought forward from what it last held whole."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any

import psycopg
import pytest

from lead_handoff.warehouse import night_lock, slots
from lead_handoff.warehouse.slots import BuildPlan, SlotError


class Nights:
    """Prepares, completes and publishes nights of an empty project."""

    def __init__(self, warehouse: Any) -> None:
        self.url = warehouse.url("transformer")
        self.owner = psycopg.connect(warehouse.url("owner"), autocommit=True)
        self.fence = night_lock.acquire(self.owner, "night")

    def prepare(self, day: int, agreement: str = "a", code: str = "c") -> BuildPlan:
        return slots.prepare_build(
            self.url,
            fence=self.fence,
            as_of=datetime(2026, 5, day, tzinfo=UTC),
            night=date(2026, 5, day),
            agreement_hash=agreement,
            code_hash=code,
        )

    def whole(self, day: int, **more: str) -> BuildPlan:
        plan = self.prepare(day, **more)
        slots.complete_build(self.url, fence=self.fence, slot=plan.slot)
        self.owner.execute(
            "insert into ops.generations (slot, as_of, night, fence, run_id, models, is_full)"
            " select slot, as_of, night, 1, 'x', 1, true from ops.slots where slot = %s",
            (plan.slot,),
        )
        return plan

    def land(self) -> int:
        row = self.owner.execute(
            "insert into ops.loads (night, source, object, status)"
            " values ('2026-05-01', 'generic', 'leads', 'failed') returning load_id"
        ).fetchone()
        assert row is not None
        return int(row[0])

    def context(self, slot: str) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.url) as connection:
            return connection.execute(
                "select as_of, night, previous_night, since_load_id, is_full"
                f" from {slot}.build_context"
            ).fetchall()


@pytest.fixture
def nights(warehouse: Any) -> Iterator[Nights]:
    made = Nights(warehouse)
    yield made
    made.owner.close()


def test_nights_alternate_between_the_slots_and_each_starts_empty_once(nights: Nights) -> None:
    plans = [nights.whole(day) for day in (1, 2, 3, 4)]
    assert [plan.slot for plan in plans] == ["slot_blue", "slot_green"] * 2
    assert [plan.is_full for plan in plans] == [True, True, False, False]


def test_a_slot_takes_up_from_the_night_and_the_load_it_last_held(nights: Nights) -> None:
    first_load = nights.land()
    nights.whole(1)
    second_load = nights.land()
    nights.whole(2)
    nights.land()
    plan = nights.whole(3)
    assert (plan.previous_night, plan.since_load_id) == (date(2026, 5, 1), first_load)
    assert nights.context(plan.slot) == [
        (datetime(2026, 5, 3, tzinfo=UTC), date(2026, 5, 3), date(2026, 5, 1), first_load, False)
    ]
    plan = nights.whole(4)
    assert (plan.previous_night, plan.since_load_id) == (date(2026, 5, 2), second_load)


def test_a_night_that_broke_off_is_built_anew_in_the_same_slot(nights: Nights) -> None:
    nights.whole(1)
    nights.whole(2)
    broken = nights.prepare(3)
    again = nights.prepare(3)
    assert (broken.is_full, again.is_full) == (False, True)
    assert (again.slot, again.previous_night) == (broken.slot, None)


def test_after_a_broken_off_night_the_next_date_starts_that_slot_empty(nights: Nights) -> None:
    nights.whole(1)
    nights.whole(2)
    nights.prepare(3)
    plan = nights.whole(4)
    assert (plan.is_full, plan.since_load_id, plan.previous_night) == (True, 0, None)


def test_a_broken_off_full_build_is_full_again(nights: Nights) -> None:
    nights.whole(1)
    nights.whole(2)
    assert nights.prepare(3, agreement="new").is_full
    assert nights.prepare(3, agreement="new").is_full
    assert nights.prepare(3).is_full


def test_a_full_build_starts_in_an_empty_slot(nights: Nights) -> None:
    plan = nights.whole(1)
    with psycopg.connect(nights.url) as connection:
        connection.execute(f"create table {plan.slot}.fct_old as select 1 as a")
        connection.execute(f"create view {plan.slot}.v_old as select * from {plan.slot}.fct_old")
        connection.execute(f"create view {plan.slot}.w_old as select * from {plan.slot}.v_old")
    nights.whole(2)
    assert nights.prepare(3, code="new").is_full
    with psycopg.connect(nights.url) as connection:
        relations = connection.execute(
            "select relname from pg_class where relnamespace = %s::regnamespace"
            " and relkind in ('r', 'v')",
            (plan.slot,),
        ).fetchall()
    assert relations == [("build_context",)]


def test_what_others_built_on_a_slot_is_named_and_not_dropped(nights: Nights) -> None:
    plan = nights.whole(1)
    with psycopg.connect(nights.url) as connection:
        connection.execute(f"create table {plan.slot}.fct_a as select 1 as a")
        connection.execute(f"create view marts.of_mine as select * from {plan.slot}.fct_a")
    nights.whole(2)
    with pytest.raises(SlotError, match="of_mine"):
        nights.prepare(3, code="new")


def test_a_run_that_was_replaced_prepares_nothing(nights: Nights) -> None:
    night_lock.acquire(nights.owner, "newer")
    with pytest.raises(night_lock.StaleNightError):
        nights.prepare(1)


def test_each_slot_is_built_anew_once_after_a_version_was_withdrawn(nights: Nights) -> None:
    """News is found among landed rows; what a row said that is gone a full build leaves out."""
    nights.whole(1)
    nights.whole(2)
    nights.owner.execute(
        "insert into ops.withdrawals (load_id, source, object, table_name, key, stamp,"
        " content_hash, first_night, withdrawn_by, reason)"
        " select nextval(pg_get_serial_sequence('ops.loads', 'load_id')), 'generic', 'leads',"
        " 'leads', 'a', '2026-04-01', 'x', '2026-05-01', 'Jo', 'wrong amount'"
    )
    plans = [nights.whole(day) for day in (3, 4, 5, 6)]
    assert [plan.is_full for plan in plans] == [True, True, False, False]
    assert plans[0].reason == "a landed version was withdrawn"
