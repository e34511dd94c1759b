"""Commands for people who read the marts; the Makefile's targets call them.

Progress goes to standard error, so that standard output holds the answer and nothing else.
"""

import argparse
import sys

from lead_handoff.errors import HandoffError


def main(arguments: list[str] | None = None) -> int:
    """Run one command; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m lead_handoff.dbt", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    asking = commands.add_parser("metrics", help="ask for metrics, in mf's own words")
    asking.add_argument("question", nargs=argparse.REMAINDER, help="options of mf query")
    commands.add_parser("docs", help="write the pages about the marts, and dbt's own site")
    chosen = parser.parse_args(arguments)
    try:
        if chosen.command == "metrics":
            return _metrics(chosen.question)
        _docs()
    except HandoffError as error:
        _report(f"error: {error}")
        return 1
    return 0


def _metrics(question: list[str]) -> int:
    from lead_handoff.dbt import metrics
    from lead_handoff.local.provision import ensure_running

    ensure_running(_report)
    return metrics.ask(question[1:] if question[:1] == ["--"] else question)


def _docs() -> None:
    from lead_handoff.dbt.docs import site, write

    manifest, has_marts = site.parse()
    print(f"pages and diagram of the marts:  {write(manifest)}")
    print(f"dbt's documentation site:        {site.generate(has_marts)}")
    if not has_marts:
        _report("The site is without the warehouse's catalog: no published marts were found.")


def _report(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
