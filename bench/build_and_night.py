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
from dataclasses import asdict
from datetime import date, timedelta
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import changes
import floor
from nights import Bench, Cost, say, server_of_its_own, table

from lead_handoff import settings
from lead_handoff.simulate.run import Company

START = date(2026, 1, 5)
FIRST_DAYS = 90
AIM_FULL, AIM_NIGHT, AIM_GROWTH = 6.0, 0.10, 1.0


def company(home: Path, leads: int, seed: int) -> Company:
    """The company that is measured: good extracts, all in one night."""
    out = home / f"bench_{leads}"
    truth = home / f"bench_{leads}.truth"
    return Company(out, truth, leads, seed, START, FIRST_DAYS, nights=0, noise=False)


def settled_night(bench: Bench, changed: int) -> tuple[Cost, Cost]:
    """The first full night, and one in which so many leads change once both slots are full.

    A slot is one night behind when its turn comes, so the night that is measured brings in the
    news of two.
    """
    first = bench.night(bench.first_night)
    cost = first
    for number in range(1, 4):
        day = bench.first_night + timedelta(days=number)
        changes.deliver(settings.warehouse_url("owner"), bench.extracts, day, changed)
        cost = bench.night(day)
    return first, cost


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
    with server_of_its_own() as (server, home):
        changed = max(1, options.leads // 100)
        bench = Bench.of(server, company(home, options.leads, options.seed))
        bottom = floor.measure(settings.warehouse_url("owner"), bench.extracts)
        say(f"floor: {sum(bottom.values()):.1f} s")
        full, night = settled_night(bench, changed)
        grown = night
        if not options.once:
            shutil.rmtree(bench.extracts)
            doubled = Bench.of(server, company(home, 2 * options.leads, options.seed))
            grown = settled_night(doubled, changed)[1]
    print(f"\n{options.leads:,} leads, {FIRST_DAYS} days of history, {os.cpu_count()} cores\n")
    print(report(bottom, full, night, grown))
    if options.json:
        figures = {"leads": options.leads, "floor": bottom}
        figures |= {"full": asdict(full), "night": asdict(night), "grown": asdict(grown)}
        options.json.write_text(json.dumps(figures, indent=2) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
