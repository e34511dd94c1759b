"""Command line of the simulator: python -m lead_handoff.simulate --help."""

import argparse
import sys
from datetime import date
from pathlib import Path

from lead_handoff.simulate.innocence import INNOCENT
from lead_handoff.simulate.run import Company, simulate


def main(arguments: list[str] | None = None) -> int:
    """Simulate a company as the command line says."""
    parser = argparse.ArgumentParser(
        prog="python -m lead_handoff.simulate",
        description="Write a made-up company's nightly Salesforce and Marketo extracts.",
    )
    parser.add_argument("--out", type=Path, required=True, help="root folder of the extracts")
    parser.add_argument("--truth", type=Path, required=True, help="file for what really happened")
    parser.add_argument("--leads", type=int, default=2_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--start", type=date.fromisoformat, default=date(2026, 2, 1))
    parser.add_argument("--first-days", type=int, default=90, help="days in the first load")
    parser.add_argument("--nights", type=int, default=7, help="single nights after it")
    parser.add_argument(
        "--clean", action="store_true", help="without overlap, late rows and damaged lines"
    )
    parser.add_argument(
        "--trial", action="store_true", help="with every kind of misconduct, and its look-alikes"
    )
    parser.add_argument(
        "--innocent",
        choices=INNOCENT,
        metavar="KIND",
        default="",
        help="without any misconduct; " + "; ".join(f"{k}: {v.says}" for k, v in INNOCENT.items()),
    )
    options = parser.parse_args(arguments)
    if options.innocent and options.trial:
        parser.error("--innocent and --trial exclude each other")
    if options.leads < 0 or options.first_days < 1 or options.nights < 0:
        parser.error("--leads and --nights must be 0 or more, --first-days at least 1")
    out = options.out.resolve()
    if out in options.truth.resolve().parents:
        parser.error("--truth must lie outside --out: the truth is no extract")
    counts = simulate(
        Company(
            out=out,
            truth=options.truth,
            leads=options.leads,
            seed=options.seed,
            start=options.start,
            first_days=options.first_days,
            nights=options.nights,
            noise=not options.clean,
            trial=options.trial,
            innocent=options.innocent,
        ),
        progress=lambda text: print(text, file=sys.stderr, flush=True),
    )
    for rule, count in sorted(counts.items()):
        print(f"{rule:32} {count:>8}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
