"""What benchmarks share: a server of their own, a simulated company in it, and its nights."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from datetime import time as clock
from pathlib import Path

import psycopg
from psycopg import sql

from lead_handoff import settings
from lead_handoff.agreement import agreement_hash
from lead_handoff.dbt import project, runner
from lead_handoff.landing import discover_sources, land_source
from lead_handoff.local import provision
from lead_handoff.local.server import EmbeddedServer
from lead_handoff.simulate.run import Company, simulate
from lead_handoff.warehouse import night_lock, publish, slots
from lead_handoff.warehouse.bootstrap import bootstrap

RUN = "bench"


@contextmanager
def server_of_its_own() -> Iterator[tuple[EmbeddedServer, Path]]:
    """A running server in a home of its own, both gone at the end."""
    home = Path(tempfile.mkdtemp(prefix="handoff-bench-")).resolve()
    os.environ["HANDOFF_HOME"] = str(home)
    os.environ.pop("HANDOFF_WAREHOUSE_URL", None)
    server = EmbeddedServer(home, report=lambda line: None)
    try:
        server.ensure_running()
        provision.ensure_roles(server)
        yield server, home
    finally:
        server.stop()
        shutil.rmtree(home, ignore_errors=True)


@dataclass
class Cost:
    """Seconds of one night.

    Attributes:
        land: reading the night's folders into the raw tables.
        build: dbt, seeds and data tests included.
        publish: switching readers over.
        slowest: the models of the build, the slowest first.
    """

    land: float
    build: float
    publish: float
    slowest: list[tuple[str, float]] = field(default_factory=list)

    @property
    def total(self) -> float:
        """The whole night."""
        return self.land + self.build + self.publish


def say(text: str) -> None:
    """Progress, on standard error."""
    print(f"{datetime.now(UTC):%H:%M:%S}  {text}", file=sys.stderr, flush=True)


class Bench:
    """One warehouse, what is delivered to it, and its first night."""

    def __init__(self, server: EmbeddedServer, extracts: Path, first_night: date) -> None:
        self.name = extracts.name
        self.extracts = extracts
        self.first_night = first_night
        provision.ensure_database(server, self.name, settings.WAREHOUSE_ROLES["owner"])
        os.environ["HANDOFF_WAREHOUSE_DATABASE"] = self.name
        os.environ["HANDOFF_EXTRACTS"] = str(self.extracts)
        bootstrap(settings.warehouse_url("owner"))

    @classmethod
    def of(cls, server: EmbeddedServer, company: Company) -> Bench:
        """The warehouse of a company that is simulated first."""
        started = time.monotonic()
        simulate(company)
        say(f"{company.leads:,} leads simulated in {time.monotonic() - started:.0f} s")
        return cls(server, company.out, company.start + timedelta(days=company.first_days))

    def night(self, day: date) -> Cost:
        """Land, build and publish one night, each step measured."""
        started = time.monotonic()
        self._land(day)
        landed = time.monotonic()
        plan = self._prepare(day)
        built = self._build(plan)
        was_built = time.monotonic()
        url = settings.warehouse_url("transformer")
        slots.complete_build(url, fence=self._fence(), slot=plan.slot)
        publish.publish(
            url,
            fence=self._fence(),
            run_id=RUN,
            slot=plan.slot,
            marts=[publish.Mart(mart.name, mart.schema) for mart in built.published],
        )
        ended = time.monotonic()
        cost = Cost(landed - started, was_built - landed, ended - was_built, list(built.slowest))
        say(
            f"{self.name} {day} ({'full' if plan.is_full else 'brought forward'}): "
            f"landed {cost.land:.1f} s, built {cost.build:.1f} s, published {cost.publish:.1f} s"
        )
        return cost

    def built(self, day: date, selected: Sequence[str]) -> str:
        """Land a night and build some of its models, without tests; the slot they stand in."""
        self._land(day)
        plan = self._prepare(day)
        self._build(plan, selected)
        return plan.slot

    def drop(self, server: EmbeddedServer) -> None:
        """Take the warehouse and the extracts away."""
        shutil.rmtree(self.extracts)
        with psycopg.connect(server.url(), autocommit=True) as connection:
            connection.execute(
                sql.SQL("drop database {} with (force)").format(sql.Identifier(self.name))
            )

    def _land(self, day: date) -> None:
        runner.stand_by()
        for source in discover_sources(str(self.extracts)):
            for load in land_source(
                source,
                day,
                extracts_root=str(self.extracts),
                warehouse_url=settings.warehouse_url("loader"),
                fence=self._fence(),
                agreement_dir=settings.agreement_dir(),
                progress=lambda line: None,
            ):
                if load.status != "loaded":
                    raise SystemExit(f"the extracts should be good ones, but: {load}")

    def _prepare(self, day: date) -> slots.BuildPlan:
        laid_out = project.lay_out()
        return slots.prepare_build(
            settings.warehouse_url("transformer"),
            fence=self._fence(),
            as_of=datetime.combine(day, clock(), UTC),
            night=day,
            agreement_hash=agreement_hash(laid_out / project.AGREEMENT),
            code_hash=project.code_hash(),
        )

    def _build(
        self, plan: slots.BuildPlan, selected: Sequence[str] | None = None
    ) -> runner.BuildResult:
        return runner.build(
            plan.slot,
            full_refresh=plan.is_full,
            fence=self._fence(),
            select=selected,
            with_tests=selected is None,
            with_seeds=plan.is_full,
            is_laid_out=True,
        )

    def _fence(self) -> int:
        with psycopg.connect(settings.warehouse_url("owner"), autocommit=True) as connection:
            return night_lock.acquire(connection, RUN)


def table(rows: Sequence[Sequence[str]]) -> str:
    """Columns of even width, the first to the left and the others to the right."""
    widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]
    return "\n".join(
        "  ".join(
            cell.rjust(width) if place else cell.ljust(width)
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    )
