"""How much a full build and a night cost, as ratios that mean the same on any machine.

    make bench                  200,000 leads
    make bench LEADS=20000      fewer

In one run: the floor (see floor.py), the same files landed and built in full, a settled night in
which 1 % of the leads change, and that same night with twice the history. Everything runs on a
server of its own in a folder of its own, both deleted at the end.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
import tempfile
import time
from dataclasses import asdict, dataclass, field
from datetime import UTC, date, datetime, timedelta
from datetime import time as clock
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import changes
import floor

from lead_handoff import settings
from lead_handoff.agreement import agreement_hash
from lead_handoff.dbt import project, runner
from lead_handoff.landing import discover_sources, land_source
from lead_handoff.local import provision
from lead_handoff.local.server import EmbeddedServer
from lead_handoff.simulate.run import Company, simulate
from lead_handoff.warehouse import night_lock, publish, slots
from lead_handoff.warehouse.bootstrap import bootstrap

START = date(2026, 1, 5)
FIRST_DAYS = 90
RUN = "bench"
AIM_FULL, AIM_NIGHT, AIM_GROWTH = 6.0, 0.10, 1.0


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
    """One warehouse and what is delivered to it."""

    def __init__(self, server: EmbeddedServer, folder: Path, leads: int, seed: int) -> None:
        self.name = f"bench_{leads}"
        self.extracts = folder / self.name
        provision.ensure_database(server, self.name, settings.WAREHOUSE_ROLES["owner"])
        os.environ["HANDOFF_WAREHOUSE_DATABASE"] = self.name
        os.environ["HANDOFF_EXTRACTS"] = str(self.extracts)
        bootstrap(settings.warehouse_url("owner"))
        started = time.monotonic()
        simulate(
            Company(
                self.extracts,
                folder / f"{self.name}.truth",
                leads,
                seed,
                START,
                first_days=FIRST_DAYS,
                nights=0,
                noise=False,
            )
        )
        say(f"{leads:,} leads simulated in {time.monotonic() - started:.0f} s")
        self.first_night = START + timedelta(days=FIRST_DAYS)

    def night(self, day: date) -> Cost:
        """Land, build and publish one night, each step measured."""
        runner.stand_by()
        started = time.monotonic()
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
        landed = time.monotonic()
        laid_out = project.lay_out()
        url = settings.warehouse_url("transformer")
        plan = slots.prepare_build(
            url,
            fence=self._fence(),
            as_of=datetime.combine(day, clock(), UTC),
            night=day,
            agreement_hash=agreement_hash(laid_out / project.AGREEMENT),
            code_hash=project.code_hash(),
        )
        built = runner.build(
            plan.slot,
            full_refresh=plan.is_full,
            fence=self._fence(),
            with_seeds=plan.is_full,
            is_laid_out=True,
        )
        was_built = time.monotonic()
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

    def settled_night(self, changed: int) -> tuple[Cost, Cost]:
        """The first full night, and one in which so many leads change once both slots are full.

        A slot is one night behind when its turn comes, so the night that is measured brings in the
        news of two.
        """
        first = self.night(self.first_night)
        cost = first
        for number in range(1, 4):
            day = self.first_night + timedelta(days=number)
            changes.deliver(settings.warehouse_url("owner"), self.extracts, day, changed)
            cost = self.night(day)
        return first, cost

    def _fence(self) -> int:
        import psycopg

        with psycopg.connect(settings.warehouse_url("owner"), autocommit=True) as connection:
            return night_lock.acquire(connection, RUN)


def table(rows: list[tuple[str, str, str]]) -> str:
    """Three columns, aligned."""
    widths = [max(len(row[n]) for row in rows) for n in range(3)]
    return "\n".join(
        "  ".join(
            cell.ljust(widths[n]) if n == 0 else cell.rjust(widths[n]) for n, cell in enumerate(row)
        ).rstrip()
        for row in rows
    )


def report(bottom: dict[str, float], full: Cost, night: Cost, grown: Cost) -> str:
    """What the run found, for a person."""
    ground = sum(bottom.values())
    rows = [("", "seconds", "ratio")]
    rows += [(f"floor: {name}", f"{seconds:.1f}", "") for name, seconds in bottom.items()]
    rows += [
        ("floor", f"{ground:.1f}", "1.0 x"),
        ("full: landing", f"{full.land:.1f}", f"{full.land / ground:.1f} x floor"),
        ("full: build", f"{full.build:.1f}", f"{full.build / ground:.1f} x floor"),
        ("full", f"{full.total:.1f}", f"{full.total / ground:.1f} x floor (aim {AIM_FULL:.0f})"),
        ("night, 1 % changed: landing", f"{night.land:.1f}", ""),
        ("night, 1 % changed: build", f"{night.build:.1f}", ""),
        (
            "night, 1 % changed",
            f"{night.total:.1f}",
            f"{night.total / full.total:.0%} of full (aim {AIM_NIGHT:.0%})",
        ),
        (
            "the same, twice the history",
            f"{grown.total:.1f}",
            f"{grown.total / night.total:.2f} x the night (aim {AIM_GROWTH:.0f})",
        ),
    ]
    slow = ", ".join(f"{name} {seconds:.1f} s" for name, seconds in night.slowest[:5])
    slow_full = ", ".join(f"{name} {seconds:.1f} s" for name, seconds in full.slowest[:5])
    return f"{table(rows)}\n\nslowest in full: {slow_full}\nslowest at night: {slow}"


def main() -> int:
    """Run the benchmark as the command line says."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--leads", type=int, default=200_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", type=Path, help="write the figures here too")
    parser.add_argument("--once", action="store_true", help="leave out the doubled history")
    options = parser.parse_args()
    home = Path(tempfile.mkdtemp(prefix="handoff-bench-")).resolve()
    os.environ["HANDOFF_HOME"] = str(home)
    os.environ.pop("HANDOFF_WAREHOUSE_URL", None)
    server = EmbeddedServer(home, report=lambda line: None)
    try:
        server.ensure_running()
        provision.ensure_roles(server)
        changed = max(1, options.leads // 100)
        bench = Bench(server, home, options.leads, options.seed)
        bottom = floor.measure(settings.warehouse_url("owner"), bench.extracts)
        say(f"floor: {sum(bottom.values()):.1f} s")
        full, night = bench.settled_night(changed)
        grown = night
        if not options.once:
            shutil.rmtree(bench.extracts)
            doubled = Bench(server, home, 2 * options.leads, options.seed)
            grown = doubled.settled_night(changed)[1]
        print(f"\n{options.leads:,} leads, {FIRST_DAYS} days of history, {os.cpu_count()} cores\n")
        print(report(bottom, full, night, grown))
        if options.json:
            figures = {"leads": options.leads, "floor": bottom}
            figures |= {"full": asdict(full), "night": asdict(night), "grown": asdict(grown)}
            options.json.write_text(json.dumps(figures, indent=2) + "\n")
    finally:
        server.stop()
        shutil.rmtree(home, ignore_errors=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
