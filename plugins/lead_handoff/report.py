"""The page that a night, the demo and `make report` end with: what came in, what was made of it.

Every figure is read from the published marts or the record of loads; nothing is computed here that
a model computes, but for the interval of a share.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from lead_handoff import settings
from lead_handoff.agreement.vocabulary import severity_weight
from lead_handoff.grades import by_grade

if TYPE_CHECKING:
    import psycopg

LINES = 20
"""How many of a kind are shown; what else there is stands in schema ops."""
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
class Quarantined:
    """Rows that one object's files had quarantined for one reason and column."""

    source: str
    object: str
    reason: str
    column: str | None
    rows: int
    sample: str
    accepted_form: str


@dataclass(frozen=True)
class Landed:
    """What came in.

    Attributes:
        sources: per source: name, files' rows read, new, updated, unchanged, quarantined, newest
            night.
        refused: files that were refused and have not landed since: source, object, night, why.
        unread: what lies among the extracts and is not read: source, file, why.
        quarantined: rows that could not be read, most of them first.
        purged: days that a source had purged before they were pulled: source, object, what of it,
            first and last day, for how many days the source keeps it.
    """

    sources: Sequence[tuple[Any, ...]]
    refused: Sequence[tuple[Any, ...]] = ()
    unread: Sequence[tuple[Any, ...]] = ()
    quarantined: Sequence[Quarantined] = ()
    purged: Sequence[tuple[Any, ...]] = ()


@dataclass(frozen=True)
class Found:
    """Findings of one rule, or of one rule and one machine.

    Attributes:
        rule: the rule.
        machine: the automation that did it, as the marts name it; None where none did.
        severity: that of the most severe of them.
        grades: grade -> findings.
    """

    rule: str
    machine: str | None
    severity: str
    grades: Mapping[str, int]

    @property
    def count(self) -> int:
        """How many."""
        return sum(self.grades.values())


@dataclass(frozen=True)
class Judged:
    """What the marts make of it.

    Attributes:
        outcomes: handoffs by outcome.
        accepted_by_person: of the handoffs whose response is due.
        accepted_by_machine: of the same.
        clauses: per clause: status -> handoffs.
        new_findings: findings opened since, most of them first.
        findings: open findings, most of them first.
        not_delivered: what was not judged for want of facts, as sentences.
        benchmark: the acceptance rate of the field, from the agreement.
        target: the rate the agreement aims at.
    """

    outcomes: Mapping[str, int]
    accepted_by_person: Share
    accepted_by_machine: Share
    clauses: Mapping[str, Mapping[str, int]]
    new_findings: Sequence[Found]
    findings: Sequence[Found]
    not_delivered: Sequence[str]
    benchmark: float | None
    target: float | None


@dataclass(frozen=True)
class Figures:
    """What the page shows; `judged` is None before anything is published."""

    generation: Mapping[str, Any]
    landed: Landed
    judged: Judged | None


def summary(url: str, *, since: int = 0, workbook: str | None = None) -> list[str]:
    """The page as lines.

    Args:
        url: connects as the warehouse's owner.
        since: the generation after which it tells what landed and what was found; 0 is all.
        workbook: the cases of a month that was drawn, if one was.
    """
    return list(render(read(url, since), workbook))


def newest(url: str, *, back: int = 0) -> int:
    """The number of the published generation, or of the one `back` before it; 0 without one."""
    import psycopg

    with psycopg.connect(url) as connection:
        row = connection.execute(
            "select generation from ops.generations order by generation desc offset %s limit 1",
            [back],
        ).fetchone()
    return int(row[0]) if row else 0


def read(url: str, since: int = 0) -> Figures:
    """Read the figures from the published marts and the record of loads."""
    import psycopg
    from psycopg.rows import dict_row

    with psycopg.connect(url) as connection:
        generation: Mapping[str, Any] = {}
        if _is_there(connection, "marts.generation"):
            with connection.cursor(row_factory=dict_row) as cursor:
                generation = cursor.execute("select * from marts.generation").fetchone() or {}
        before = connection.execute(
            "select fence, as_of from ops.generations where generation = %s", [since]
        ).fetchone() or (-1, None)
        landed = _landed(connection, fence=before[0])
        judged = _judged(connection, before[1]) if generation else None
    return Figures(generation, landed, judged)


def _is_there(connection: psycopg.Connection[Any], relation: str) -> bool:
    found = connection.execute("select to_regclass(%s) is not null", [relation]).fetchone()
    return found == (True,)


def _landed(connection: psycopg.Connection[Any], fence: int) -> Landed:
    """What the runs after one with this fence landed, refused, did not read and quarantined."""
    from lead_handoff.catalogue import CATALOGUE, fold
    from lead_handoff.landing.reasons import accepted_form

    sources = connection.execute(
        "select source, sum(rows_read), sum(rows_new), sum(rows_updated),"
        " sum(rows_unchanged), sum(rows_quarantined), max(night)"
        " from ops.loads where status = 'loaded' and coalesce(fence, 0) > %s"
        " group by source order by source",
        [fence],
    ).fetchall()
    refused = connection.execute(
        "select source, object, night, error_message from ops.loads as failed"
        " where load_id in (select max(load_id) from ops.loads where status <> 'ignored'"
        " group by source, object, night) and status = 'failed' and coalesce(fence, 0) > %s"
        " order by source, object, night",
        [fence],
    ).fetchall()
    unread = connection.execute(
        "select source, coalesce(file_name, object), min(detail) from ops.load_report"
        " join ops.loads using (load_id, source, object, night)"
        " where kind in ('ignored_file', 'file_still_growing') and coalesce(fence, 0) > %s"
        " group by 1, 2 order by 1, 2",
        [fence],
    ).fetchall()
    quarantined = []
    for source, name, reason, column, rows, sample in connection.execute(
        "select source, object, reason, column_name, count(*),"
        " (array_agg(sample order by quarantine_id))[1]"
        " from ops.quarantine join ops.loads using (load_id, source, object, night)"
        " where coalesce(fence, 0) > %s group by 1, 2, 3, 4 order by 5 desc, 1, 2, 3, 4",
        [fence],
    ):
        spec = CATALOGUE.get(source, {}).get(name)
        known = spec.by_folded_name.get(fold(column)) if spec and column else None
        form = accepted_form(reason, known)
        quarantined.append(Quarantined(source, name, reason, column, rows, sample or "", form))
    purged = connection.execute(
        "select source, object, what, first_day, last_day, kept_days from ops.purged_days"
        " order by last_day desc, source, object, what"
    ).fetchall()
    return Landed(sources, refused, unread, quarantined, purged)


def _judged(connection: psycopg.Connection[Any], after: datetime | None) -> Judged:
    """What the marts say of handoffs and clauses, and of findings opened after an as_of."""
    outcomes = connection.execute(
        "select outcome, count(*) from marts.fct_handoffs group by outcome"
    ).fetchall()
    due, by_person, by_machine = connection.execute(
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
    found = connection.execute(
        "select rule, machine, severity, grade, count(*), count(*) filter"
        " (where %(after)s::timestamptz is null or first_seen > %(after)s)"
        " from marts.fct_integrity_findings"
        " where resolved_at is null and waived_by is null group by 1, 2, 3, 4",
        {"after": after},
    ).fetchall()
    goals = _acceptance_goals()
    return Judged(
        dict(outcomes),
        Share(by_person, due),
        Share(by_machine, due),
        clauses,
        _headlines((*key, opened) for *key, _, opened in found),
        _headlines((*key, there) for *key, there, _ in found),
        _not_delivered(connection),
        goals.get("benchmark"),
        goals.get("target"),
    )


def _headlines(found: Iterable[tuple[Any, ...]]) -> list[Found]:
    """Counts by rule, machine, severity and grade, as one headline for a rule and a machine."""
    grades: dict[tuple[str, str | None], Counter[str]] = defaultdict(Counter)
    severities: dict[tuple[str, str | None], str] = {}
    for rule, machine, severity, grade, count in found:
        if count:
            key = rule, machine
            grades[key][grade] += count
            severities[key] = min(severities.get(key, severity), severity, key=severity_weight)
    headlines = [Found(*key, severities[key], counts) for key, counts in grades.items()]
    return sorted(headlines, key=lambda one: (-one.count, one.rule, one.machine or ""))


def _not_delivered(connection: psycopg.Connection[Any]) -> list[str]:
    """What the marts did not judge for want of facts."""
    lines = [
        f"{count:,} times {clause} is not judged: what it needs is not delivered"
        for clause, count in connection.execute(
            "select clause, count(*) from marts.fct_sla_compliance"
            " where not_applicable_because = 'not_delivered' group by 1 order by 2 desc, 1"
        )
    ]
    lines += [
        str(message)
        for (message,) in connection.execute(
            "select message from marts.fct_integrity_findings where rule = 'not_delivered'"
            " and resolved_at is null and waived_by is null order by message"
        )
    ]
    return lines


def render(figures: Figures, workbook: str | None = None) -> Iterable[str]:
    """The figures as lines for a terminal."""
    as_of = figures.generation.get("as_of")
    yield f"The marts as of {as_of:%Y-%m-%d %H:%M %Z}" if as_of else "No marts yet"
    yield ""
    yield from _rows(figures.landed)
    if figures.judged:
        yield from _verdicts(figures.judged)
    yield ""
    yield "Next"
    if workbook:
        yield f"  the review's cases     {workbook}"
    yield f"  what the gates saw     {settings.home() / 'data_docs' / 'index.html'}"
    yield "  this page again        make report"
    yield "  Airflow's UI           make up      (prints the address and the password)"
    yield "  a BI tool              make url ROLE=analyst, schema marts"
    yield "  a look by hand         make psql ROLE=analyst"


def _rows(landed: Landed) -> Iterable[str]:
    """What was read, what became of it, and what of it could not be read."""
    yield "Landed rows      read       new   updated  unchanged  quarantined  newest night"
    for source, read_, new, updated, unchanged, quarantined, night in landed.sources:
        yield (
            f"  {source:<12}{read_:>7,}{new:>10,}{updated:>10,}{unchanged:>11,}"
            f"{quarantined:>13,}  {night}"
        )
    if not landed.sources:
        yield "  nothing new"
    if landed.quarantined:
        yield ""
        yield "Quarantined      rows  source, object and column: reason; a sample; what is accepted"
        for row in landed.quarantined[:LINES]:
            place = f"{row.source} {row.object}" + (f".{row.column}" if row.column else "")
            yield f"  {row.rows:>19,}  {place}: {row.reason}"
            yield f"{'':23}such as {row.sample or 'nothing'}  ->  {row.accepted_form}"
        yield from _more(len(landed.quarantined))
    if landed.refused:
        yield ""
        yield "Refused files, nothing of which landed"
        for source, name, night, why in landed.refused[:LINES]:
            yield f"  {source}/{name}/{night}: {why}"
        yield from _more(len(landed.refused))
    if landed.purged:
        yield ""
        yield "Days that a source had purged before they were pulled; they count as not delivered"
        for source, name, what, first, last, kept in landed.purged[:LINES]:
            yield f"  {source} {name}: {what} of {first} to {last} (kept for {kept} days)"
        yield from _more(len(landed.purged))
    if landed.unread:
        yield ""
        yield "Files not read"
        for source, name, why in landed.unread[:LINES]:
            yield f"  {source}: {name}: {why}"
        yield from _more(len(landed.unread))


def _verdicts(judged: Judged) -> Iterable[str]:
    """What the marts say, and what they cannot."""
    if judged.not_delivered:
        yield ""
        yield "Not delivered, and therefore not judged"
        yield from (f"  {line}" for line in judged.not_delivered[:LINES])
        yield from _more(len(judged.not_delivered))
    yield ""
    handoffs = sum(judged.outcomes.values())
    parts = ", ".join(f"{count:,} {name}" for name, count in sorted(judged.outcomes.items()))
    yield f"Handoffs         {handoffs:,}: {parts}"
    yield ""
    yield f"Acceptance of the {judged.accepted_by_person.whole:,} handoffs whose response is due"
    yield from _acceptance(judged)
    yield ""
    yield "SLA compliance                    met  breached   pending   met of those judged"
    for clause in CLAUSES:
        counts = judged.clauses.get(clause)
        if counts is None:
            continue
        met, breached = counts.get("met", 0), counts.get("breached", 0)
        yield (
            f"  {clause:<28}{met:>7,}{breached:>10,}{counts.get('pending', 0):>10,}"
            f"   {Share(met, met + breached)}"
        )
    yield ""
    yield from _findings("New", judged.new_findings)
    yield ""
    yield from _findings("Open", judged.findings)


def _findings(what: str, found: Sequence[Found]) -> Iterable[str]:
    grades: Counter[str] = Counter()
    for one in found:
        grades.update(one.grades)
    total = f"{grades.total():,}" + (f": {by_grade(grades)}" if grades else "")
    yield f"{f'{what} findings':<17}{total}"
    for one in found:
        by = f", by {one.machine}" if one.machine else ""
        yield f"  {one.rule:<28}{one.count:>7,}   {one.severity:<8}  {by_grade(one.grades)}{by}"


def _more(there: int) -> Iterable[str]:
    if there > LINES:
        yield f"  … and {there - LINES:,} more"


def _acceptance(judged: Judged) -> Iterable[str]:
    rows: list[tuple[str, float | None, str]] = [
        ("by a person", judged.accepted_by_person.value, str(judged.accepted_by_person)),
        ("by a machine", judged.accepted_by_machine.value, str(judged.accepted_by_machine)),
        ("benchmark", judged.benchmark, _percent(judged.benchmark)),
        ("target", judged.target, _percent(judged.target)),
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
