"""Show readers a finished night: one short transaction re-points every view at its slot.

Readers only ever see views in ``marts`` (and ``restricted``). Publication takes the exclusive lock
of every view before it changes the first one, so that each reader's transaction sees one night:
either it holds a view and publication waits, or it finds all views changed. Publication never
queues in front of readers for longer than its lock timeout; it steps back and tries again.

One view is more than its model: ``marts.fct_integrity_findings`` adds what only publication knows,
when a finding was first and last seen and when it went away (ops.findings_ledger), who waived it
(agreement_waivers), all that became of it in order (ops.finding_changes), and keeps findings that
have gone. ``marts.bridge_event_ids`` is such a ledger too (ops.former_ids): an id that was
published once leads to what it names, for good; waivers and the ledger of findings follow it.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import psycopg
from psycopg import sql

from lead_handoff.errors import HandoffError
from lead_handoff.warehouse import night_lock, steps
from lead_handoff.warehouse.bootstrap import ANALYST

FINDINGS = "fct_integrity_findings"
FORMER_IDS = "bridge_event_ids"
GENERATION = "generation"

LEDGER_COLUMNS = {
    "first_seen": "as_of of the first published night that had this finding.",
    "last_seen": "as_of of the last published night that had this finding.",
    "resolved_at": "as_of of the first published night without it; null while it is open.",
    "waived_by": "Who waived this finding; null if nobody did.",
    "waiver_reason": "Why it was waived.",
    "reopened_at": "as_of of the published night that had it again, the last time; else null.",
    "changes": (
        "What became of it, in order (jsonb array): as_of, change (opened, resolved, reopened, "
        "waived, waiver ended), and for a waiver by and reason."
    ),
}
"""Columns of the published findings that the model itself cannot know."""

LEDGER_COPY = (
    "rule",
    "severity",
    "subject_type",
    "subject_id",
    "lead_id",
    "handoff_id",
    "owner_id",
    "team",
    "occurred_at",
    "grade",
    "evidence",
    "message",
)
"""Columns of a finding the ledger keeps, so that it can still be read when it is resolved."""


View = tuple[str, str]
"""Schema and name."""


class PublishError(HandoffError):
    """The night cannot be published; readers still see the last one."""


class PublishBlockedError(PublishError):
    """Readers held the views for longer than publication was ready to wait."""


@dataclass(frozen=True)
class Mart:
    """A relation of the slot that readers get a view of: its name, and the view's schema."""

    name: str
    schema: str = "marts"


@dataclass(frozen=True)
class Publication:
    """What was published."""

    generation: int
    slot: str
    as_of: datetime
    views: int
    waited_seconds: float


@dataclass
class _Relation:
    """Columns (name, type) in order, and comments by column ('' is the relation's own)."""

    columns: list[tuple[str, str]] = field(default_factory=list)
    comments: dict[str, str] = field(default_factory=dict)


def publish(
    url: str,
    *,
    fence: int,
    run_id: str,
    slot: str,
    marts: Iterable[Mart],
    tests: int | None = None,
    lock_timeout_ms: int = 400,
    patience_seconds: float = 300,
    progress: Callable[[str], None] = lambda line: None,
) -> Publication:
    """Re-point all views at the slot, keep the ledger of findings, write the generation.

    Args:
        url: connects as the role that owns slots and marts.
        fence: the run's fence.
        run_id: recorded with the generation.
        slot: the slot, which must be clean (built and judged).
        marts: every relation to publish; views of ours that are not among them are dropped.
        tests: how many tests the build passed, for the record.
        lock_timeout_ms: how long readers may be made to queue behind publication, at most.
        patience_seconds: how long to go on trying while readers hold the views.
        progress: receives lines for people.

    Raises:
        StaleNightError: the run was taken over.
        PublishError: the slot is not clean, a relation is missing or reads outside the slot, or a
            view of the user's own depends on a column that is going away.
        PublishBlockedError: readers held the views all the time.
    """
    wanted = sorted(set(marts), key=lambda mart: (mart.schema, mart.name))
    if not wanted:
        raise PublishError("There is no mart to publish: the dbt manifest names none.")
    started = time.monotonic()
    deadline = started + patience_seconds
    told_at = started
    order: dict[View, int] = {}
    while True:
        steps.reached("publish.before_begin")
        try:
            with night_lock.writing(url, fence, "publish") as cursor:
                cursor.execute(
                    sql.SQL("set local lock_timeout = {}").format(sql.Literal(lock_timeout_ms))
                )
                publication = _publish_once(
                    cursor, fence, run_id, slot, wanted, tests, started, order, lock_timeout_ms
                )
                steps.reached("publish.before_commit")
            steps.reached("publish.after_commit")
            return publication
        except (psycopg.errors.LockNotAvailable, psycopg.errors.DeadlockDetected) as error:
            now = time.monotonic()
            if now > deadline:
                raise PublishBlockedError(
                    f"Readers held the marts for {patience_seconds:.0f} s, so the night could not "
                    f"be published: {_who_blocks(url)}. Let these sessions end their transaction "
                    "and run the night again; it was built and judged completely."
                ) from error
            if now - told_at > 5:
                told_at = now
                progress(f"waiting for readers to let go of the marts: {_who_blocks(url)}")
            time.sleep(random.uniform(0.05, 0.4))  # noqa: S311 - spreads retries, no secret


def _publish_once(
    cursor: psycopg.Cursor[Any],
    fence: int,
    run_id: str,
    slot: str,
    wanted: list[Mart],
    tests: int | None,
    started: float,
    order: dict[View, int],
    lock_timeout_ms: int,
) -> Publication:
    as_of = _demand_clean(cursor, slot)
    sources = _relations(cursor, slot, [mart.name for mart in wanted])
    missing = [mart.name for mart in wanted if mart.name not in sources]
    if missing:
        raise PublishError(
            f"{slot} lacks {', '.join(missing)}, which the project declares as marts. The build "
            "was not complete; run the night again."
        )
    _demand_own_slot(cursor, slot, [mart.name for mart in wanted])
    names = {mart.name for mart in wanted}
    if FORMER_IDS in names:
        _keep_former_ids(cursor, slot, as_of)
    if FINDINGS in names:
        _keep_ledger(cursor, slot, as_of, sources[FINDINGS])
    generation = _write_generation(cursor, fence, run_id, slot, len(wanted), tests)
    steps.reached("publish.after_ledger")

    # From the first lock to the commit readers wait: nothing slow below this line.
    existing = _existing_views(cursor)
    _lock_views(cursor, existing, order, lock_timeout_ms)
    steps.reached("publish.after_locks")
    _drop_gone(cursor, existing, wanted)
    for mart in wanted:
        source = sources[mart.name]
        if mart.name == FINDINGS:
            body, shape = _findings_view(cursor, slot, source)
        elif mart.name == FORMER_IDS:
            body, shape = _former_ids_view(slot, source), source
        else:
            body, shape = _plain_view(slot, mart.name, source), source
        _set_view(cursor, mart.schema, mart.name, body, shape, existing)
    steps.reached("publish.after_views")
    body, shape = _generation_view(cursor, generation)
    _set_view(cursor, "marts", GENERATION, body, shape, existing)
    return Publication(generation, slot, as_of, len(wanted), time.monotonic() - started)


def _lock_views(
    cursor: psycopg.Cursor[Any],
    views: Iterable[View],
    order: dict[View, int],
    budget_ms: int,
) -> None:
    """Take the exclusive lock of every view, within one budget of waiting for all of them.

    A reader that holds one view and waits for another that we hold can only be freed by our giving
    way. The view that was held then goes first next time: whoever reads in that order is let out
    before we close the door.
    """
    deadline = time.monotonic() + budget_ms / 1000
    for schema, name in sorted(views, key=lambda view: (order.get(view, 0), view)):
        left_ms = max(1, round((deadline - time.monotonic()) * 1000))
        cursor.execute(sql.SQL("set local lock_timeout = {}").format(sql.Literal(left_ms)))
        try:
            # Changes nothing, and takes the lock of the view alone, not of what it reads.
            cursor.execute(
                sql.SQL("alter view {} owner to current_user").format(sql.Identifier(schema, name))
            )
        except psycopg.errors.LockNotAvailable:
            order[(schema, name)] = min(order.values(), default=0) - 1
            raise
    cursor.execute(sql.SQL("set local lock_timeout = {}").format(sql.Literal(budget_ms)))


def _demand_clean(cursor: psycopg.Cursor[Any], slot: str) -> datetime:
    cursor.execute("select state, as_of from ops.slots where slot = %s", (slot,))
    row = cursor.fetchone()
    if row is None or row[0] != "clean" or row[1] is None:
        state = row[0] if row else "unknown"
        raise PublishError(f"{slot} is {state}, so its night is not complete. Run the night again.")
    as_of = row[1]
    cursor.execute(
        sql.SQL("select count(*), min(as_of) from {}").format(sql.Identifier(slot, "build_context"))
    )
    if cursor.fetchone() != (1, as_of):
        raise PublishError(
            f"{slot}.build_context does not name the night that the slot holds ({as_of}). Run the "
            "night again."
        )
    return as_of  # type: ignore[no-any-return]


def _relations(cursor: psycopg.Cursor[Any], schema: str, names: list[str]) -> dict[str, _Relation]:
    cursor.execute(
        "select c.relname, coalesce(a.attname, ''),"
        "  format_type(a.atttypid, a.atttypmod), d.description"
        " from pg_class c"
        " join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped"
        " left join pg_description d on d.objoid = c.oid and d.classoid = 'pg_class'::regclass"
        "   and d.objsubid = a.attnum"
        " where c.relnamespace = %(schema)s::regnamespace and c.relname = any(%(names)s)"
        "   and c.relkind in ('r', 'p', 'v', 'm')"
        " order by c.relname, a.attnum",
        {"schema": schema, "names": names},
    )
    found: dict[str, _Relation] = {}
    for relation, column, column_type, comment in cursor.fetchall():
        entry = found.setdefault(relation, _Relation())
        entry.columns.append((column, column_type))
        if comment:
            entry.comments[column] = comment
    cursor.execute(
        "select c.relname, obj_description(c.oid, 'pg_class') from pg_class c"
        " where c.relnamespace = %(schema)s::regnamespace and c.relname = any(%(names)s)",
        {"schema": schema, "names": names},
    )
    for relation, comment in cursor.fetchall():
        if relation in found and comment:
            found[relation].comments[""] = comment
    return found


def _demand_own_slot(cursor: psycopg.Cursor[Any], slot: str, names: list[str]) -> None:
    """Refuse a mart that looks outside its slot: it would change under its readers."""
    cursor.execute(
        "with recursive reads (mart, oid) as ("
        "  select c.relname, c.oid from pg_class c"
        "  where c.relnamespace = %(slot)s::regnamespace and c.relname = any(%(names)s)"
        "  union"
        "  select reads.mart, d.refobjid from reads"
        "  join pg_rewrite r on r.ev_class = reads.oid"
        "  join pg_depend d on d.classid = 'pg_rewrite'::regclass and d.objid = r.oid"
        "    and d.refclassid = 'pg_class'::regclass and d.refobjid <> reads.oid"
        ")"
        " select distinct reads.mart::text, c.oid::regclass::text from reads"
        " join pg_class c on c.oid = reads.oid"
        " where c.relnamespace <> %(slot)s::regnamespace"
        "   and c.relnamespace <> 'pg_catalog'::regnamespace order by 1, 2",
        {"slot": slot, "names": names},
    )
    outside = [f"{mart} reads {relation}" for mart, relation in cursor.fetchall()]
    if outside:
        raise PublishError(
            f"A mart may only read its own slot, or it would change before the next night: "
            f"{'; '.join(outside)}. Materialise the model as a table."
        )


def _existing_views(cursor: psycopg.Cursor[Any]) -> dict[View, _Relation]:
    """Views of ours: those that read a slot directly, and marts.generation."""
    cursor.execute(
        "select distinct n.nspname, c.relname from pg_class c"
        " join pg_namespace n on n.oid = c.relnamespace and n.nspname in ('marts', 'restricted')"
        " left join pg_rewrite r on r.ev_class = c.oid"
        " left join pg_depend d on d.classid = 'pg_rewrite'::regclass and d.objid = r.oid"
        "   and d.refclassid = 'pg_class'::regclass"
        " left join pg_class s on s.oid = d.refobjid"
        " left join pg_namespace sn on sn.oid = s.relnamespace"
        " where c.relkind = 'v'"
        "   and (sn.nspname in ('slot_blue', 'slot_green')"
        "     or (n.nspname = 'marts' and c.relname = %s))",
        (GENERATION,),
    )
    by_schema: dict[str, list[str]] = {}
    for schema, name in cursor.fetchall():
        by_schema.setdefault(schema, []).append(name)
    return {
        (schema, name): relation
        for schema, names in by_schema.items()
        for name, relation in _relations(cursor, schema, names).items()
    }


def _drop_gone(
    cursor: psycopg.Cursor[Any],
    existing: dict[View, _Relation],
    wanted: list[Mart],
) -> None:
    keep = {(mart.schema, mart.name) for mart in wanted} | {("marts", GENERATION)}
    for schema, name in sorted(set(existing) - keep):
        _drop_view(cursor, schema, name)
        del existing[(schema, name)]


def _drop_view(cursor: psycopg.Cursor[Any], schema: str, name: str) -> None:
    try:
        cursor.execute(sql.SQL("drop view {}").format(sql.Identifier(schema, name)))
    except psycopg.errors.DependentObjectsStillExist as error:
        raise PublishError(
            f"{schema}.{name} changes its columns or goes away, but other objects depend on it: "
            f"{error.diag.message_detail}. Drop or move them, then run the night again."
        ) from error


def _set_view(
    cursor: psycopg.Cursor[Any],
    schema: str,
    name: str,
    body: sql.Composed,
    shape: _Relation,
    existing: dict[View, _Relation],
) -> None:
    before = existing.get((schema, name))
    if before is not None and before.columns != shape.columns[: len(before.columns)]:
        _drop_view(cursor, schema, name)
        before = None
    view = sql.Identifier(schema, name)
    cursor.execute(sql.SQL("create or replace view {} as {}").format(view, body))
    known = before.comments if before is not None else {}
    for column in ["", *(column for column, _ in shape.columns)]:
        comment = shape.comments.get(column)
        if comment == known.get(column):
            continue
        target = (
            sql.SQL("column {}").format(sql.Identifier(schema, name, column))
            if column
            else sql.SQL("view {}").format(view)
        )
        cursor.execute(sql.SQL("comment on {} is {}").format(target, sql.Literal(comment)))
    if before is None and schema == "marts" and _has_analyst(cursor):
        # Default privileges give this too, but only to relations made by the usual owner.
        cursor.execute(sql.SQL("grant select on {} to {}").format(view, sql.Identifier(ANALYST)))


def _has_analyst(cursor: psycopg.Cursor[Any]) -> bool:
    cursor.execute("select 1 from pg_roles where rolname = %s", (ANALYST,))
    return cursor.fetchone() is not None


def _plain_view(slot: str, name: str, source: _Relation) -> sql.Composed:
    columns = sql.SQL(", ").join(sql.Identifier(column) for column, _ in source.columns)
    return sql.SQL("select {} from {}").format(columns, sql.Identifier(slot, name))


def _findings_view(
    cursor: psycopg.Cursor[Any], slot: str, source: _Relation
) -> tuple[sql.Composed, _Relation]:
    """The slot's findings with their ledger, and the findings that have gone."""
    types = dict(source.columns)
    ledger_types = {
        "first_seen": "timestamp with time zone",
        "last_seen": "timestamp with time zone",
        "resolved_at": "timestamp with time zone",
        "waived_by": "text",
        "waiver_reason": "text",
        "reopened_at": "timestamp with time zone",
        "changes": "jsonb",
    }
    shape = _Relation(
        columns=[(name, ledger_types.get(name, kind)) for name, kind in source.columns]
        + [(name, kind) for name, kind in ledger_types.items() if name not in types],
        comments={**LEDGER_COLUMNS, **source.comments},
    )
    waivers = _relations(cursor, slot, ["agreement_waivers"])
    open_expressions = {
        "first_seen": sql.SQL("coalesce(ledger.first_seen, context.as_of)"),
        "last_seen": sql.SQL("coalesce(ledger.last_seen, context.as_of)"),
        "resolved_at": sql.SQL("null::timestamptz"),
        "waived_by": sql.SQL("waiver.waived_by::text" if waivers else "null::text"),
        "waiver_reason": sql.SQL("waiver.reason::text" if waivers else "null::text"),
        "reopened_at": sql.SQL("ledger.reopened_at"),
        "changes": CHANGES_OF_A_FINDING,
    }
    gone_expressions = open_expressions | {
        "first_seen": sql.SQL("ledger.first_seen"),
        "last_seen": sql.SQL("ledger.last_seen"),
        "resolved_at": sql.SQL("ledger.resolved_at"),
        "run_as_of": sql.SQL("context.as_of"),
    }
    open_columns, gone_columns = [], []
    for name, kind in shape.columns:
        cast = sql.SQL(kind)
        alias = sql.Identifier(name)
        expression = open_expressions.get(name, sql.Identifier("finding", name))
        open_columns.append(sql.SQL("{}::{} as {}").format(expression, cast, alias))
        if name in gone_expressions:
            gone: sql.Composable = gone_expressions[name]
        elif name in LEDGER_COPY or name == "finding_id":
            gone = sql.Identifier("ledger", name)
        else:
            gone = sql.SQL("null")
        gone_columns.append(sql.SQL("{}::{} as {}").format(gone, cast, alias))

    def waiver(of: str) -> sql.Composable:
        if not waivers:
            return sql.SQL("")
        return sql.SQL(
            " left join lateral (select given.waived_by, given.reason from {waivers} as given"
            "  left join ops.former_ids as ids on ids.former_id = given.finding_id"
            "  where coalesce(ids.current_id, given.finding_id) = {finding_id}"
            "   and given.waived_on::date <= context.night"
            "  order by ids.former_id is not null, given.waived_on limit 1) as waiver on true"
        ).format(
            waivers=sql.Identifier(slot, "agreement_waivers"),
            finding_id=sql.Identifier(of, "finding_id"),
        )

    body = sql.SQL(
        "select {open_columns} from {findings} as finding cross join {context} as context"
        " left join ops.findings_ledger as ledger on ledger.finding_id = finding.finding_id"
        "{open_waiver}"
        " union all"
        " select {gone_columns} from ops.findings_ledger as ledger"
        " cross join {context} as context{gone_waiver}"
        # The ledger was brought to this night before: what is resolved by now is not in the slot.
        " where ledger.resolved_at <= context.as_of"
    ).format(
        open_columns=sql.SQL(", ").join(open_columns),
        gone_columns=sql.SQL(", ").join(gone_columns),
        findings=sql.Identifier(slot, FINDINGS),
        context=sql.Identifier(slot, "build_context"),
        open_waiver=waiver("finding"),
        gone_waiver=waiver("ledger"),
    )
    return body, shape


CHANGES_OF_A_FINDING = sql.SQL(
    "(select jsonb_agg(jsonb_strip_nulls(jsonb_build_object('as_of', changes.as_of,"
    " 'change', changes.change, 'by', changes.changed_by, 'reason', changes.reason))"
    " order by changes.change_id)"
    " from ops.finding_changes as changes where changes.finding_id = ledger.finding_id"
    "  or changes.finding_id in (select ids.former_id from ops.former_ids as ids"
    "   where ids.current_id = ledger.finding_id))"
)


def _note_changes(cursor: psycopg.Cursor[Any], slot: str, as_of: datetime) -> None:
    """Add what this night changes to the record of changes, before the ledger is brought to it.

    What is already so is no change: repeating a night adds nothing. Nor does an older night, but
    for findings that no night has had yet.
    """
    cursor.execute(
        sql.SQL(
            "insert into ops.finding_changes (finding_id, as_of, change)"
            " select coalesce(finding.finding_id, ledger.finding_id), %(as_of)s,"
            "  case when ledger.finding_id is null then 'opened'"
            "   when finding.finding_id is null then 'resolved' else 'reopened' end"
            " from {findings} as finding"
            " full join ops.findings_ledger as ledger on ledger.finding_id = finding.finding_id"
            " where ledger.finding_id is null"
            "  or (finding.finding_id is null and ledger.resolved_at is null"
            "   and ledger.last_seen <= %(as_of)s)"
            "  or (finding.finding_id is not null and ledger.resolved_at <= %(as_of)s)"
            " order by 1"
        ).format(findings=sql.Identifier(slot, FINDINGS)),
        {"as_of": as_of},
    )


def _note_waivers(cursor: psycopg.Cursor[Any], slot: str, as_of: datetime) -> None:
    """Add who has waived what since, and which waivers are gone, to the record of changes."""
    if not _relations(cursor, slot, ["agreement_waivers"]):
        return
    cursor.execute(
        sql.SQL(
            "with last_said as ("
            "  select distinct on (1) coalesce(ids.current_id, said.finding_id) as finding_id,"
            "   said.as_of, said.change, said.changed_by, said.reason"
            "  from ops.finding_changes as said"
            "  left join ops.former_ids as ids on ids.former_id = said.finding_id"
            "  where said.change in ('waived', 'waiver ended')"
            "  order by 1, said.change_id desc"
            "), waived as ("
            "  select distinct on (ledger.finding_id) ledger.finding_id,"
            "   waiver.waived_by::text as changed_by, waiver.reason::text as reason"
            "  from {waivers} as waiver"
            "  left join ops.former_ids as ids on ids.former_id = waiver.finding_id"
            "  inner join ops.findings_ledger as ledger"
            "   on ledger.finding_id = coalesce(ids.current_id, waiver.finding_id)"
            "  cross join {context} as context where waiver.waived_on::date <= context.night"
            "  order by ledger.finding_id, ids.former_id is not null, waiver.waived_on"
            ")"
            " insert into ops.finding_changes (finding_id, as_of, change, changed_by, reason)"
            " select coalesce(waived.finding_id, last_said.finding_id), %(as_of)s,"
            "  case when waived.finding_id is null then 'waiver ended' else 'waived' end,"
            "  waived.changed_by, waived.reason"
            " from waived full join last_said on last_said.finding_id = waived.finding_id"
            " where coalesce(last_said.as_of <= %(as_of)s, true)"
            "  and case when waived.finding_id is null then last_said.change = 'waived'"
            "   else (last_said.change, last_said.changed_by, last_said.reason)"
            "    is distinct from ('waived', waived.changed_by, waived.reason) end"
            " order by 1"
        ).format(
            waivers=sql.Identifier(slot, "agreement_waivers"),
            context=sql.Identifier(slot, "build_context"),
        ),
        {"as_of": as_of},
    )


def _keep_former_ids(cursor: psycopg.Cursor[Any], slot: str, as_of: datetime) -> None:
    """Add the ids that were replaced, and let what is known under them go on under the new ones.

    An id that was replaced twice leads to the last one.
    """
    cursor.execute(
        sql.SQL(
            "insert into ops.former_ids as known (former_id, current_id, kind, first_seen)"
            " select former_id, current_id, kind, %s from {}"
            " on conflict (former_id) do update set current_id = excluded.current_id"
            " where known.current_id <> excluded.current_id"
        ).format(sql.Identifier(slot, FORMER_IDS)),
        (as_of,),
    )
    cursor.execute(
        "update ops.former_ids as earlier set current_id = later.current_id"
        " from ops.former_ids as later where earlier.current_id = later.former_id"
    )
    cursor.execute(
        "update ops.findings_ledger as ledger set finding_id = ids.current_id"
        " from ops.former_ids as ids where ids.former_id = ledger.finding_id"
        "  and not exists (select 1 from ops.findings_ledger as other"
        "   where other.finding_id = ids.current_id)"
    )


def _former_ids_view(slot: str, source: _Relation) -> sql.Composed:
    """Every id that was ever replaced, whether the night still has its event or not."""
    return sql.SQL(
        "select {columns} from ops.former_ids as ids cross join {context} as context"
    ).format(
        columns=sql.SQL(", ").join(
            sql.SQL("{}::{} as {}").format(
                sql.SQL("context.as_of") if name == "run_as_of" else sql.Identifier("ids", name),
                sql.SQL(kind),
                sql.Identifier(name),
            )
            for name, kind in source.columns
        ),
        context=sql.Identifier(slot, "build_context"),
    )


def _keep_ledger(
    cursor: psycopg.Cursor[Any], slot: str, as_of: datetime, source: _Relation
) -> None:
    """Bring the ledger to this night. Repeating a night changes nothing, nor does an older one.

    An older night widens first_seen, but neither resolves nor reopens what later nights know.
    """
    present = {name for name, _ in source.columns}
    copied = [name for name in LEDGER_COPY if name in present]
    columns = sql.SQL(", ").join(sql.Identifier(name) for name in copied)
    refreshed = sql.SQL(", ").join(
        sql.SQL(
            "{} = case when excluded.last_seen >= ledger.last_seen"
            " then excluded.{} else ledger.{} end"
        ).format(*[sql.Identifier(name)] * 3)
        for name in copied
    )
    _note_changes(cursor, slot, as_of)
    cursor.execute(
        sql.SQL(
            "insert into ops.findings_ledger as ledger"
            " (finding_id, {columns}, first_seen, last_seen)"
            " select finding_id, {columns}, %(as_of)s, %(as_of)s from {findings}"
            " on conflict (finding_id) do update set {refreshed},"
            "  first_seen = least(ledger.first_seen, excluded.first_seen),"
            "  last_seen = greatest(ledger.last_seen, excluded.last_seen),"
            "  reopened_at = case when ledger.resolved_at <= excluded.last_seen"
            "    then excluded.last_seen else ledger.reopened_at end,"
            "  resolved_at = case when ledger.resolved_at <= excluded.last_seen"
            "    then null else ledger.resolved_at end"
        ).format(columns=columns, refreshed=refreshed, findings=sql.Identifier(slot, FINDINGS)),
        {"as_of": as_of},
    )
    cursor.execute(
        sql.SQL(
            "update ops.findings_ledger as ledger set resolved_at = %(as_of)s"
            " where ledger.resolved_at is null and ledger.last_seen <= %(as_of)s"
            "   and not exists (select 1 from {findings} as finding"
            "     where finding.finding_id = ledger.finding_id)"
        ).format(findings=sql.Identifier(slot, FINDINGS)),
        {"as_of": as_of},
    )
    _note_waivers(cursor, slot, as_of)


def _write_generation(
    cursor: psycopg.Cursor[Any],
    fence: int,
    run_id: str,
    slot: str,
    models: int,
    tests: int | None,
) -> int:
    cursor.execute(
        sql.SQL(
            "insert into ops.generations"
            " (slot, as_of, night, fence, run_id, agreement_hash, code_hash, models, tests,"
            "  is_full)"
            " select slots.slot, slots.as_of, slots.night, %s, %s, slots.agreement_hash,"
            "  slots.code_hash, %s, %s, context.is_full"
            " from ops.slots cross join {} as context where slots.slot = %s"
            " returning generation"
        ).format(sql.Identifier(slot, "build_context")),
        (fence, run_id, models, tests, slot),
    )
    row = cursor.fetchone()
    if row is None:
        raise PublishError(f"{slot} is not a build slot.")
    return int(row[0])


def _generation_view(
    cursor: psycopg.Cursor[Any], generation: int
) -> tuple[sql.Composed, _Relation]:
    """One row of constants: as they live in the view itself, they change with the views."""
    columns = {
        "generation": ("bigint", "Number of the publication; rises by one or more."),
        "as_of": ("timestamp with time zone", "The end of the published night's data interval."),
        "night": ("date", "The date of that night."),
        "published_at": ("timestamp with time zone", "When readers were given it."),
        "run_id": ("text", "The Airflow run that built it."),
        "slot": ("text", "The build slot the marts read."),
        "agreement_hash": ("text", "Hash of the agreement it was judged by."),
    }
    cursor.execute(
        "select generation, as_of, night, published_at, run_id, slot, agreement_hash"
        " from ops.generations where generation = %s",
        (generation,),
    )
    row = cursor.fetchone()
    if row is None:
        raise PublishError("The generation that was just written cannot be read back.")
    values = [
        sql.SQL("{}::{} as {}").format(sql.Literal(value), sql.SQL(kind), sql.Identifier(name))
        for value, (name, (kind, _)) in zip(row, columns.items(), strict=True)
    ]
    shape = _Relation(
        columns=[(name, kind) for name, (kind, _) in columns.items()],
        comments={name: comment for name, (_, comment) in columns.items()}
        | {"": "One row: the published night. Read it first in a transaction over several marts."},
    )
    return sql.SQL("select {}").format(sql.SQL(", ").join(values)), shape


def _who_blocks(url: str) -> str:
    """Sessions that hold a mart, for people: process, user, application, since when."""
    try:
        with psycopg.connect(url, connect_timeout=5) as connection:
            rows = connection.execute(
                "select distinct a.pid, a.usename, a.application_name, a.xact_start"
                " from pg_locks l join pg_class c on c.oid = l.relation"
                " join pg_namespace n on n.oid = c.relnamespace"
                " join pg_stat_activity a on a.pid = l.pid"
                " where n.nspname in ('marts', 'restricted') and l.granted"
                "   and l.database = (select oid from pg_database"
                "     where datname = current_database())"
                "   and l.pid <> pg_backend_pid() order by a.pid limit 5"
            ).fetchall()
    except psycopg.Error:
        return "the sessions cannot be listed"
    if not rows:
        return "no session holds them at this moment"
    return "; ".join(
        f"process {pid} of {user} ({application or 'unnamed'})"
        + (f", in its transaction since {since:%H:%M:%S %z}" if since else "")
        for pid, user, application, since in rows
    )
