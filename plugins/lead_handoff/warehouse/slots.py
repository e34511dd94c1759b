"""Two build slots: readers keep the published one while the night is built into the other.

A slot is brought forward from what it last completely held, which is one publication behind. That
is right as long as no attempt was broken off in it and the agreement and the models are those it
was built with; otherwise it is emptied and built anew.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import psycopg
from psycopg import sql
from psycopg.rows import class_row

from lead_handoff.errors import HandoffError
from lead_handoff.warehouse import night_lock, steps

SLOTS = ("slot_blue", "slot_green")


class SlotError(HandoffError):
    """A build slot cannot be prepared; the message names what stands in the way."""


@dataclass(frozen=True)
class Slot:
    """What ops.slots knows of one slot.

    Attributes:
        slot: the schema.
        state: empty, building (an attempt began and did not complete) or clean.
        as_of: the night it last completely held; null once an attempt has emptied it.
        night: the date of that night.
        since_load_id: the newest load that night took in.
        agreement_hash: the agreement it was built with.
        code_hash: the models it was built with.
    """

    slot: str
    state: str
    as_of: datetime | None
    night: date | None
    since_load_id: int | None
    agreement_hash: str | None
    code_hash: str | None


@dataclass(frozen=True)
class BuildPlan:
    """How tonight is built.

    Attributes:
        slot: the schema to build into.
        is_full: whether the slot starts empty.
        reason: why, in words.
        as_of: the end of the run's data interval.
        night: its date.
        previous_as_of: what the slot held before; null when full.
        previous_night: the date of that.
        since_load_id: loads above it are news to the slot; 0 when full.
    """

    slot: str
    is_full: bool
    reason: str
    as_of: datetime
    night: date
    previous_as_of: datetime | None
    previous_night: date | None
    since_load_id: int


def decide(
    slot: Slot,
    *,
    as_of: datetime,
    agreement_hash: str,
    code_hash: str,
    newest_withdrawal: int = 0,
) -> str | None:
    """Why this slot must be built anew for this night, or None if it can be brought forward."""
    if slot.state == "empty" or slot.as_of is None:
        return "the slot holds no complete night"
    if slot.agreement_hash != agreement_hash:
        return "the agreement has changed"
    if slot.code_hash != code_hash:
        return "the models have changed"
    if slot.as_of > as_of:
        return f"the slot already holds a later night ({slot.as_of:%Y-%m-%d})"
    if newest_withdrawal > (slot.since_load_id or 0):
        # News is found among landed rows; what a row said that is gone nobody can tell.
        return "a landed version was withdrawn"
    if slot.state == "building":
        # Which leads a night touches is worked out from what the slot holds; a broken-off attempt
        # may have replaced that already, and a second one would then miss them.
        return "an attempt was broken off in it"
    return None


def prepare_build(
    url: str,
    *,
    fence: int,
    as_of: datetime,
    night: date,
    agreement_hash: str,
    code_hash: str,
    full_because: str | None = None,
) -> BuildPlan:
    """Choose the slot that readers do not see, say how to build, and write its build_context.

    ``full_because``: why to build from the beginning, whatever the slot holds.
    From here until ``complete_build`` the slot counts as unfinished.
    Raises StaleNightError when the run was taken over, SlotError when the slot cannot be emptied.
    """
    with night_lock.writing(url, fence, "prepare") as cursor:
        slot = _read_slot(cursor, unpublished_slot(cursor))
        cursor.execute("select coalesce(max(load_id), 0) from ops.withdrawals")
        newest_withdrawal = int(_one(cursor))
        reason = full_because or decide(
            slot,
            as_of=as_of,
            agreement_hash=agreement_hash,
            code_hash=code_hash,
            newest_withdrawal=newest_withdrawal,
        )
        is_full = reason is not None
        if is_full:
            _empty(cursor, slot.slot)
        cursor.execute("select coalesce(max(load_id), 0) from ops.loads")
        newest_load = max(int(_one(cursor)), newest_withdrawal)
        plan = BuildPlan(
            slot=slot.slot,
            is_full=is_full,
            reason=reason or f"brought forward from {slot.night}",
            as_of=as_of,
            night=night,
            previous_as_of=None if is_full else slot.as_of,
            previous_night=None if is_full else slot.night,
            since_load_id=0 if is_full else int(slot.since_load_id or 0),
        )
        cursor.execute(
            "update ops.slots set state = 'building',"
            " as_of = %(previous_as_of)s, night = %(previous_night)s,"
            " since_load_id = %(since_load_id)s,"
            " agreement_hash = case when %(is_full)s then null else agreement_hash end,"
            " code_hash = case when %(is_full)s then null else code_hash end,"
            " attempt_as_of = %(as_of)s, attempt_night = %(night)s,"
            " attempt_load_id = %(newest_load)s, attempt_fence = %(fence)s,"
            " attempt_agreement_hash = %(agreement_hash)s, attempt_code_hash = %(code_hash)s,"
            " changed_at = clock_timestamp() where slot = %(slot)s",
            {
                **plan.__dict__,
                "newest_load": newest_load,
                "fence": fence,
                "agreement_hash": agreement_hash,
                "code_hash": code_hash,
            },
        )
        _write_build_context(cursor, plan)
        steps.reached("prepare.before_commit")
    steps.reached("prepare.after_commit")
    return plan


def complete_build(url: str, *, fence: int, slot: str) -> None:
    """Record that the slot now completely holds the attempted night: built and judged.

    Raises StaleNightError when the run was taken over.
    """
    with night_lock.writing(url, fence, "complete") as cursor:
        cursor.execute(
            "update ops.slots set state = 'clean', as_of = attempt_as_of, night = attempt_night,"
            " since_load_id = attempt_load_id, agreement_hash = attempt_agreement_hash,"
            " code_hash = attempt_code_hash, changed_at = clock_timestamp()"
            " where slot = %s and attempt_fence <= %s",
            (slot, fence),
        )
        steps.reached("complete.before_commit")
    steps.reached("complete.after_commit")


def published_slot(cursor: psycopg.Cursor[Any]) -> str | None:
    """The slot that readers see, or None before the first publication."""
    cursor.execute("select slot from ops.generations order by generation desc limit 1")
    row = cursor.fetchone()
    return None if row is None else str(row[0])


def unpublished_slot(cursor: psycopg.Cursor[Any]) -> str:
    """The slot that may be built into."""
    shown = published_slot(cursor)
    return SLOTS[0] if shown != SLOTS[0] else SLOTS[1]


@contextmanager
def _rows_as_slots(cursor: psycopg.Cursor[Any]) -> Iterator[psycopg.Cursor[Slot]]:
    with cursor.connection.cursor(row_factory=class_row(Slot)) as rows:
        yield rows


def _read_slot(cursor: psycopg.Cursor[Any], name: str) -> Slot:
    with _rows_as_slots(cursor) as rows:
        rows.execute(
            "select slot, state, as_of, night, since_load_id, agreement_hash, code_hash"
            " from ops.slots where slot = %s for update",
            (name,),
        )
        slot = rows.fetchone()
    if slot is None:
        raise SlotError(f"ops.slots has lost its row for {name}; run the bootstrap again.")
    return slot


def _empty(cursor: psycopg.Cursor[Any], slot: str) -> None:
    """Drop every relation of the slot; whatever else depends on one stops this, by name."""
    kinds = {"view": ["v"], "materialized view": ["m"], "table": ["r", "p"]}
    for kind, letters in kinds.items():
        cursor.execute(
            "select relname from pg_class where relnamespace = %s::regnamespace"
            " and relkind::text = any(%s) order by relname",
            (slot, letters),
        )
        names = [sql.Identifier(slot, str(row[0])) for row in cursor.fetchall()]
        if not names:
            continue
        try:
            cursor.execute(sql.SQL("drop {} {}").format(sql.SQL(kind), sql.SQL(", ").join(names)))
        except psycopg.errors.DependentObjectsStillExist as error:
            raise SlotError(
                f"Schema {slot} cannot be emptied, because other objects were built on it: "
                f"{error.diag.message_detail}. Build them on schema marts instead, and drop these."
            ) from error


def _write_build_context(cursor: psycopg.Cursor[Any], plan: BuildPlan) -> None:
    table = sql.Identifier(plan.slot, "build_context")
    cursor.execute(
        sql.SQL(
            "create table if not exists {} ("
            " as_of timestamptz not null, night date not null, previous_as_of timestamptz,"
            " previous_night date, since_load_id bigint not null, is_full boolean not null)"
        ).format(table)
    )
    cursor.execute(
        sql.SQL("comment on table {} is {}").format(
            table,
            sql.Literal("One row: the night this slot is built for, and what it held before."),
        )
    )
    cursor.execute(sql.SQL("delete from {}").format(table))
    cursor.execute(
        sql.SQL("insert into {} values (%s, %s, %s, %s, %s, %s)").format(table),
        (
            plan.as_of,
            plan.night,
            plan.previous_as_of,
            plan.previous_night,
            plan.since_load_id,
            plan.is_full,
        ),
    )
    # Every model joins it; unless told otherwise, the planner takes it for over a thousand rows.
    cursor.execute(sql.SQL("analyze {}").format(table))


def _one(cursor: psycopg.Cursor[Any]) -> Any:
    row = cursor.fetchone()
    return None if row is None else row[0]
