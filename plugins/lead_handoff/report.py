"""The summary a person reads after the demo: what came in, and what the marts say of it.

Every figure is read from the published marts or the record of loads; nothing is computed here that
a model computes, but for the interval of a share.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lead_handoff import settings

Z_95 = 1.959963984540054
BAR = 40
CLAUSES = (
    "response",
    "first_touch",
    "follow_up",
    "follow_up_before_rejection",
    "decision",
    "no_stall",
    "definition",
    "volume",
)


@dataclass(frozen=True)
class Share:
    """A share with its 95 % interval (Wilson); never one without the other."""

    part: int
    whole: int

    @property
    def value(self) -> float:
        """The share, 0 to 1; nan of nothing."""
        return self.part / self.whole if self.whole else math.nan

    @property
    def interval(self) -> tuple[float, float]:
        """Lower and upper bound; the whole range where there is nothing to judge by."""
        if not self.whole:
            return 0.0, 1.0
        share, weight = self.value, Z_95**2 / self.whole
        middle = share + weight / 2
        spread = Z_95 * math.sqrt(share * (1 - share) / self.whole + weight / (4 * self.whole))
        return (middle - spread) / (1 + weight), (middle + spread) / (1 + weight)

    def __str__(self) -> str:
        """As a percentage with its bounds."""
        if not self.whole:
            return "no case yet"
        low, high = self.interval
        return f"{self.value:6.1%}  ({low:.1%} to {high:.1%})"


@dataclass(frozen=True)
class Figures:
    """What the summary shows.

    Attributes:
        generation: the published generation, its as_of and night.
        sources: per source: name, files' rows read, new, updated, unchanged, quarantined, newest
            night.
        outcomes: handoffs by outcome.
        accepted_by_person: of the handoffs whose response is due.
        accepted_by_machine: of the same.
        clauses: per clause: status -> handoffs.
        findings: per rule: severity, open findings.
        benchmark: the acceptance rate of the field, from the agreement.
        target: the rate the agreement aims at.
    """

    generation: Mapping[str, Any]
    sources: Sequence[tuple[Any, ...]]
    outcomes: Mapping[str, int]
    accepted_by_person: Share
    accepted_by_machine: Share
    clauses: Mapping[str, Mapping[str, int]]
    findings: Sequence[tuple[str, str, int]]
    benchmark: float | None
    target: float | None


def summary(url: str, *, workbook: str) -> list[str]:
    """The lines of the summary. ``url`` connects as the warehouse's owner."""
    return list(render(read(url), Path(workbook)))


def read(url: str) -> Figures:
    """Read the figures from the published marts and the record of loads."""
    import psycopg
    from psycopg.rows import dict_row

    with psycopg.connect(url) as connection:
        with connection.cursor(row_factory=dict_row) as cursor:
            generation = cursor.execute("select * from marts.generation").fetchone() or {}
        sources = connection.execute(
            "select source, sum(rows_read), sum(rows_new), sum(rows_updated),"
            " sum(rows_unchanged), sum(rows_quarantined), max(night)"
            " from ops.loads where status = 'loaded' group by source order by source"
        ).fetchall()
        outcomes = connection.execute(
            "select outcome, count(*) from marts.fct_handoffs group by outcome"
        ).fetchall()
        acceptance = connection.execute(
            "select count(*), count(*) filter (where accepted_by_type = 'human'),"
            " count(*) filter (where accepted_by_type = 'automation')"
            " from marts.fct_handoffs"
            " where response_due_at < run_as_of and outcome <> 'withdrawn'"
        ).fetchone() or (0, 0, 0)
        clauses: dict[str, dict[str, int]] = {}
        for clause, status, count in connection.execute(
            "select clause, status, count(*) from marts.fct_sla_compliance group by 1, 2"
        ):
            clauses.setdefault(clause, {})[status] = count
        findings = connection.execute(
            "select rule, severity, count(*) from marts.fct_integrity_findings"
            " where resolved_at is null and waived_by is null group by 1, 2 order by 3 desc, 1"
        ).fetchall()
    due, by_person, by_machine = acceptance
    goals = _acceptance_goals()
    return Figures(
        generation=generation,
        sources=sources,
        outcomes=dict(outcomes),
        accepted_by_person=Share(by_person, due),
        accepted_by_machine=Share(by_machine, due),
        clauses=clauses,
        findings=[(str(rule), str(severity), int(count)) for rule, severity, count in findings],
        benchmark=goals.get("benchmark"),
        target=goals.get("target"),
    )


def render(figures: Figures, workbook: Path) -> Iterable[str]:
    """The figures as lines for a terminal."""
    as_of = figures.generation.get("as_of")
    yield f"The marts as of {as_of:%Y-%m-%d %H:%M %Z}" if as_of else "No marts yet"
    yield ""
    yield "Landed rows      read       new   updated  unchanged  quarantined  newest night"
    for source, read_, new, updated, unchanged, quarantined, night in figures.sources:
        yield (
            f"  {source:<12}{read_:>7,}{new:>10,}{updated:>10,}{unchanged:>11,}"
            f"{quarantined:>13,}  {night}"
        )
    yield ""
    handoffs = sum(figures.outcomes.values())
    parts = ", ".join(f"{count:,} {name}" for name, count in sorted(figures.outcomes.items()))
    yield f"Handoffs         {handoffs:,}: {parts}"
    yield ""
    yield f"Acceptance of the {figures.accepted_by_person.whole:,} handoffs whose response is due"
    yield from _acceptance(figures)
    yield ""
    yield "SLA compliance                    met  breached   pending   met of those judged"
    for clause in CLAUSES:
        counts = figures.clauses.get(clause)
        if counts is None:
            continue
        met, breached = counts.get("met", 0), counts.get("breached", 0)
        yield (
            f"  {clause:<28}{met:>7,}{breached:>10,}{counts.get('pending', 0):>10,}"
            f"   {Share(met, met + breached)}"
        )
    yield ""
    yield f"Open findings    {sum(count for *_, count in figures.findings):,}"
    for rule, severity, count in figures.findings:
        yield f"  {rule:<28}{count:>7,}   {severity}"
    yield ""
    yield "Next"
    yield f"  the review's cases     {workbook}"
    yield f"  what the gates saw     {settings.home() / 'data_docs' / 'index.html'}"
    yield "  Airflow's UI           make up      (prints the address and the password)"
    yield "  a BI tool              make url ROLE=analyst, schema marts"
    yield "  a look by hand         make psql ROLE=analyst"


def _acceptance(figures: Figures) -> Iterable[str]:
    rows: list[tuple[str, float | None, str]] = [
        ("by a person", figures.accepted_by_person.value, str(figures.accepted_by_person)),
        ("by a machine", figures.accepted_by_machine.value, str(figures.accepted_by_machine)),
        ("benchmark", figures.benchmark, _percent(figures.benchmark)),
        ("target", figures.target, _percent(figures.target)),
    ]
    for name, value, text in rows:
        yield f"  {name:<14}{bar(value)}  {text}"


def bar(value: float | None) -> str:
    """A share as a bar of fixed width."""
    filled = 0 if value is None or math.isnan(value) else round(value * BAR)
    return "█" * filled + "·" * (BAR - filled)


def _percent(value: float | None) -> str:
    return "not agreed" if value is None else f"{value:6.1%}"


def _acceptance_goals() -> dict[str, float]:
    """Benchmark and target of the newest version of the agreement."""
    from lead_handoff.agreement import Agreement

    agreement = Agreement(settings.agreement_dir())
    newest = agreement.versions[-1]["agreement_version"]
    return {
        row["kind"]: float(row["value"])
        for row in agreement.rows("agreement_benchmarks", newest)
        if row["metric"] == "acceptance_rate"
    }
