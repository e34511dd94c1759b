"""How good the integrity rules are: whom they accuse falsely, and what they find and miss.

    make bench-integrity                          everything: hours
    make bench-integrity PART=innocent            innocent companies of 2,000 leads, seeds 1 to 20
    make bench-integrity PART=innocent KINDS="plain dates_only" SEEDS="1 2"
    make bench-integrity PART=guilty              guilty ones of 8,000 leads, seeds 121 to 140
    make bench-integrity PART=picking             cherry picking by the number of events

Companies are simulated, landed and judged on a server of its own, deleted at the end. Results are
kept in $HANDOFF_HOME/bench/integrity.jsonl under a hash of the code: a bench that is stopped goes
on where it was.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import guilty
import innocent
import picking
from kept import Kept
from nights import server_of_its_own

from lead_handoff import settings

PARTS = ("innocent", "guilty", "picking")


def main() -> int:
    """Run the benchmark as the command line says."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--part", choices=PARTS, action="append", help="all of them if none")
    parser.add_argument("--leads", type=int, help="of a company: 2,000, and 8,000 of guilty ones")
    parser.add_argument(
        "--seeds", type=int, nargs="+", help="1 to 20, and 121 to 140 of guilty ones"
    )
    parser.add_argument("--kinds", nargs="+", default=[], help="kinds of innocent companies: all")
    parser.add_argument("--kept", type=Path, help="where results are kept")
    parser.add_argument("--json", type=Path, help="write the figures of guilty companies here too")
    parser.add_argument("--explain", type=int, default=0, help="name so many cases that disagree")
    options = parser.parse_args()
    parts = options.part or PARTS
    kinds = innocent.kinds_of(options.kinds)
    kept = Kept(options.kept or settings.home() / "bench" / "integrity.jsonl")
    if "picking" in parts:
        print(picking.report(), flush=True)
    if set(parts) <= {"picking"}:
        return 0
    with server_of_its_own() as (server, home):
        if "innocent" in parts:
            seeds, leads = options.seeds or innocent.SEEDS, options.leads or innocent.LEADS
            accused = innocent.measured(kinds, seeds, leads, kept, home, server)
            print(f"\n{leads:,} leads and {innocent.DAYS} days a company; seeds {_listed(seeds)}\n")
            print(innocent.report(accused), flush=True)
        if "guilty" in parts:
            seeds, leads = options.seeds or guilty.SEEDS, options.leads or guilty.LEADS
            tallies = guilty.measured(seeds, leads, kept, home, server, options.explain)
            print(f"\n{leads:,} leads and {guilty.DAYS} days a company; seeds {_listed(seeds)}\n")
            print(guilty.report(tallies))
            if options.json:
                options.json.write_text(guilty.as_json(tallies, seeds, leads))
    return 0


def _listed(seeds: list[int]) -> str:
    return ", ".join(str(seed) for seed in seeds)


if __name__ == "__main__":
    sys.exit(main())
