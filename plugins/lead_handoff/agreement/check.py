"""Command line: python -m lead_handoff.agreement.check [FOLDER].

Prints every mistake of the agreement as a table and exits 1 if there is one.
"""

import argparse
import sys
from pathlib import Path

from lead_handoff import settings
from lead_handoff.agreement.checking import agreement_warnings, check_agreement
from lead_handoff.agreement.reading import AgreementProblem, agreement_hash


def _table(problems: list[AgreementProblem]) -> str:
    """The problems as lines with aligned columns."""
    heads = ("file", "row", "column", "what is wrong, and what is allowed")
    cells = [heads]
    cells += [(p.file, str(p.row or "-"), p.column or "-", p.message) for p in problems]
    widths = [max(len(line[at]) for line in cells) for at in range(3)]
    return "\n".join(
        "  ".join(
            [*(cell.ljust(width) for cell, width in zip(line, widths, strict=False)), line[3]]
        )
        for line in cells
    )


def main(arguments: list[str] | None = None) -> int:
    """Check the agreement named on the command line, else the configured one."""
    parser = argparse.ArgumentParser(prog="python -m lead_handoff.agreement.check")
    parser.add_argument("folder", nargs="?", type=Path, help="default: HANDOFF_AGREEMENT")
    folder: Path = parser.parse_args(arguments).folder or settings.agreement_dir()
    problems = check_agreement(folder)
    warnings = agreement_warnings(folder)
    if warnings:
        sys.stdout.write(f"worth knowing:\n{_table(warnings)}\n\n")
    if problems:
        sys.stdout.write(f"{_table(problems)}\n\n")
        sys.stdout.write(f"{folder}: {len(problems)} to correct; nothing is loaded until then\n")
        return 1
    sys.stdout.write(f"{folder}: the agreement holds together ({agreement_hash(folder)[:12]})\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
