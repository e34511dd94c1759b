"""Nights over the real path: extract files, landing, a build slot, dbt, publication.

What is compared is what analysts read: the published views in schema `marts`.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time
from pathlib import Path
from random import Random
from typing import Any

import psycopg
import pytest
from psycopg import sql
from psycopg.rows import dict_row

from lead_handoff.agreement import agreement_hash
from lead_handoff.catalogue import CATALOGUE
from lead_handoff.dbt import project, runner
from lead_handoff.landing import ObjectLoad, discover_sources, land_source
from lead_handoff.warehouse import night_lock, publish, slots
from tests import oracle
from tests.oracle import Landed
from tests.oracle.agreements import EXAMPLE
from tests.oracle.compare import KEYS, Difference, differences
from tests.oracle.histories import write_extracts

Marts = dict[str, list[dict[str, Any]]]

RUN = "tests"

SEEDS = int(os.environ.get("HANDOFF_SEEDS", "1"))
"""How many new seeds each property is tried with; the reliability bars ask for many."""

LEDGER = tuple(publish.LEDGER_COLUMNS)
"""What only publication knows of a finding: it depends on which nights were run."""

RULES = {
    "auto_acceptance",
    "auto_expiry_accepts",
    "backward_move",
    "below_definition",
    "deleted_after_handoff",
    "duplicate_live_record",
    "engaged_but_unfit",
    "future_or_backdated",
    "history_gap",
    "ignored_handoff",
    "impossible_move",
    "late_acceptance",
    "missing_score",
    "no_owner",
    "not_delivered",
    "one_touch_abandonment",
    "overqualified_rejection",
    "owner_inactive",
    "padded_activity",
    "rejected_without_follow_up",
    "rejection_without_reason",
    "silent_auto_promotion",
    "skipped_stage",
    "stalled_lead",
    "systems_disagree",
    "unmapped_stage_value",
    "unsigned_agreement",
}
"""The integrity rules whose findings are compared: those that the reference knows."""


def thorough(cases: Iterable[Any]) -> list[Any]:
    """Cases of a parameter that only `make test-all` tries."""
    return [pytest.param(case, marks=pytest.mark.thorough) for case in cases]


def new_seeds() -> list[int]:
    """Seeds nobody has tried yet, or the one that HANDOFF_SEED names, to see a failure again.

    A seed is in the name of its tests and in their messages; one that fails belongs, once the fault
    is found, into the fixed seeds of its test.
    """
    given = os.environ.get("HANDOFF_SEED")
    if given:
        return [int(given)]
    random = Random(int(os.environ["HANDOFF_SESSION_SEED"]))
    return [random.randrange(1_000, 1_000_000_000) for _ in range(SEEDS)]


def midnight(day: date) -> datetime:
    """The instant up to which the night of a date sees: the start of that date."""
    return datetime.combine(day, time(), UTC)


def reference(
    rows: Iterable[Landed], night: date, agreement: Path = EXAMPLE, review: Marts | None = None
) -> Marts:
    """The marts of a night as the independent reference works them out from the same rows.

    `review` holds the rows of the review's own tables, where a review was held.
    """
    return oracle.marts(rows, agreement, midnight(night), night, review)


def compared(expected: Marts, actual: Marts) -> list[Difference]:
    """Every cell of the expected marts that differs, every row that is missing or too many."""
    found = []
    for mart in KEYS:
        one, other = _comparable(mart, expected[mart]), _comparable(mart, actual[mart])
        found += differences(mart, one, other, ignore=LEDGER)
    return found


def _comparable(mart: str, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    if mart == "fct_integrity_findings":
        open_ones = [row for row in rows if row.get("resolved_at") is None]
        return [row for row in open_ones if row["rule"] in RULES]
    return rows


def in_folders_of(rows: Iterable[Landed], nights: Iterable[date]) -> list[Landed]:
    """The rows in the folders of these nights: each in the first one not before its own.

    Rows after the last night are left out. Few folders keep landing short; what a night's folder
    holds is as mixed as before.
    """
    dates = sorted(nights)
    return [
        replace(row, folder_date=dates[place])
        for row in rows
        if (place := bisect_left(dates, row.folder_date)) < len(dates)
    ]


def assert_same(expected: Marts, actual: Marts, seed: int | str) -> None:
    """Fail with the seed, the number of differences by mart and column, and the first of them."""
    found = compared(expected, actual)
    if not found:
        return
    kinds: dict[tuple[str, str], int] = defaultdict(int)
    for one in found:
        kinds[one.mart, one.column or "row"] += 1
    counts = ", ".join(f"{mart}.{column} {n}" for (mart, column), n in sorted(kinds.items()))
    shown = "\n".join(f"  {one}" for one in found[:20])
    pytest.fail(f"seed {seed}: {len(found)} differences ({counts}):\n{shown}")


@dataclass
class Nights:
    """One company's nights in one warehouse.

    Attributes:
        warehouse: an empty warehouse.
        root: where its extracts are delivered.
        agreement: the agreement it is judged by.
    """

    warehouse: Any
    root: Path
    agreement: Path = EXAMPLE
    deliveries: int = field(default=0, init=False)

    def deliver(self, rows: Iterable[Landed], random: Random) -> None:
        """Write rows as files into the folders of their nights, beside what lies there already."""
        self.deliveries += 1
        written = self.root.parent / f"delivery-{self.deliveries}"
        for path in write_extracts(rows, written, random):
            target = self.root / path.relative_to(written)
            target.parent.mkdir(parents=True, exist_ok=True)
            path.rename(target.with_name(f"{self.deliveries}-{path.name}"))
        shutil.rmtree(written, ignore_errors=True)

    def land(self, night: date) -> list[ObjectLoad]:
        """Land what was delivered up to a night; nothing may be refused or quarantined."""
        runner.stand_by()  # dbt is imported meanwhile, as in a real night
        loads = []
        for source in discover_sources(str(self.root)):
            loads += land_source(
                source,
                night,
                extracts_root=str(self.root),
                warehouse_url=self.warehouse.url("loader"),
                fence=self.fence(),
                agreement_dir=self.agreement,
                progress=lambda line: None,
            )
        bad = [load for load in loads if load.status != "loaded" or load.rows_quarantined]
        assert not bad, f"the extracts of these tests are good ones, but: {bad}"
        return loads

    def prepare(self, night: date, *, full: bool = False) -> slots.BuildPlan:
        """Choose the slot that readers do not see, and how it is built."""
        with self.as_settings():
            laid_out = project.lay_out()
        return slots.prepare_build(
            self.warehouse.url("transformer"),
            fence=self.fence(),
            as_of=midnight(night),
            night=night,
            agreement_hash=agreement_hash(laid_out / project.AGREEMENT),
            code_hash=project.code_hash(),
            full_because="asked for" if full else None,
        )

    def build(
        self, plan: slots.BuildPlan, finished: Callable[[str], None] = lambda name: None
    ) -> runner.BuildResult:
        """Run dbt in the slot of the plan."""
        with self.as_settings():
            return runner.build(
                plan.slot,
                full_refresh=plan.is_full,
                fence=self.fence(),
                with_seeds=plan.is_full,
                is_laid_out=True,
                finished=finished,
            )

    def publish(self, plan: slots.BuildPlan, built: runner.BuildResult) -> None:
        """Show the slot to readers."""
        url, fence = self.warehouse.url("transformer"), self.fence()
        slots.complete_build(url, fence=fence, slot=plan.slot)
        publish.publish(
            url,
            fence=fence,
            run_id=RUN,
            slot=plan.slot,
            marts=[publish.Mart(mart.name, mart.schema) for mart in built.published],
        )

    def run(self, night: date, *, full: bool = False) -> slots.BuildPlan:
        """The whole night: land, build, publish; return how it was built."""
        self.land(night)
        plan = self.prepare(night, full=full)
        self.publish(plan, self.build(plan))
        return plan

    def fence(self) -> int:
        """Take the night anew, as each step of a real one does."""
        with psycopg.connect(self.warehouse.url("owner"), autocommit=True) as connection:
            return night_lock.acquire(connection, RUN)

    @contextmanager
    def as_settings(self) -> Iterator[None]:
        """Let the settings name this agreement while dbt is called."""
        with pytest.MonkeyPatch.context() as patched:
            patched.setenv("HANDOFF_AGREEMENT", str(self.agreement))
            yield

    def marts(self) -> Marts:
        """All that analysts can read, as they read it."""
        with self._reading("analyst") as connection:
            views = connection.execute(
                "select viewname from pg_views where schemaname = 'marts' order by 1"
            ).fetchall()
            return _tables(connection, "marts", [row["viewname"] for row in views])

    def marts_in(self, slot: str) -> Marts:
        """The compared marts of a slot that was not published."""
        with self._reading("transformer") as connection:
            return _tables(connection, slot, list(KEYS))

    @contextmanager
    def _reading(self, role: str) -> Iterator[psycopg.Connection[dict[str, Any]]]:
        with psycopg.connect(self.warehouse.url(role), row_factory=dict_row) as connection:
            connection.execute("set timezone = 'UTC'")
            yield connection

    def raw(self) -> dict[str, set[str]]:
        """Every raw table as a set of rows, without what names the load."""
        found = {}
        with psycopg.connect(self.warehouse.url("loader")) as connection:
            for objects in CATALOGUE.values():
                for spec in objects.values():
                    table = sql.Identifier(spec.schema, spec.table)
                    rows = connection.execute(
                        sql.SQL("select (to_jsonb(t) - '_load_id')::text from {} as t").format(
                            table
                        )
                    ).fetchall()
                    found[f"{spec.schema}.{spec.table}"] = {str(row[0]) for row in rows}
                    assert len(found[f"{spec.schema}.{spec.table}"]) == len(rows)
        return found


def notices(nights: Nights, plan: slots.BuildPlan, expected: Marts) -> bool:
    """Whether the comparison tells a build with a defect apart.

    The project's own tests may fail too; where they keep marts from being built, that is enough.
    The slot is left unfinished, so that the next build in it starts from the beginning.
    """
    try:
        nights.build(plan)
    except runner.BuildError as error:
        if "- model " in str(error) or "- test " not in str(error):
            raise  # it cannot even be run: that says nothing about what the tests can see
    try:
        return bool(compared(expected, nights.marts_in(plan.slot)))
    except (psycopg.errors.UndefinedTable, ValueError):  # not built, or a key stands twice
        return True


def _tables(connection: psycopg.Connection[dict[str, Any]], schema: str, names: list[str]) -> Marts:
    return {
        name: connection.execute(
            sql.SQL("select * from {}").format(sql.Identifier(schema, name))
        ).fetchall()
        for name in names
    }


def fingerprint(marts: Marts) -> dict[str, str]:
    """One hash per mart over all its rows and columns, but for the ledger of findings.

    `generation` says which publication this is, and `bridge_event_ids` is a ledger as well, so they
    are left out.
    """
    hashes = {}
    for mart, rows in marts.items():
        if mart in ("generation", "bridge_event_ids"):
            continue
        lines = sorted(
            repr({name: value for name, value in row.items() if name not in LEDGER})
            for row in rows
            if row.get("resolved_at") is None
        )
        hashes[mart] = hashlib.sha256("\n".join(lines).encode()).hexdigest()
    return hashes
