"""Judging: may this night be shown to readers, and what does it say about the business?

Two kinds of judgement, kept apart. A **gate** asks whether the data is sound; a gate that fails
stops the publication of the night and names the failing rows. A **finding** says that the business
process broke an agreed rule; findings are counted and shown, and never stop a publication.

Both run as Great Expectations suites. The suites are authored by hand under ``expectations/`` (a
YAML file per suite, a SQL file per expectation) and turned into Great Expectations objects in
memory for one run. Importing this package is cheap; Great Expectations is imported on first use.
"""

from lead_handoff.judging.findings import run_findings
from lead_handoff.judging.gate import require, run_gate
from lead_handoff.judging.results import (
    FindingsResult,
    GateFailedError,
    GateFailure,
    GateResult,
    JudgingError,
)

__all__ = [
    "FindingsResult",
    "GateFailedError",
    "GateFailure",
    "GateResult",
    "JudgingError",
    "require",
    "run_findings",
    "run_gate",
]
