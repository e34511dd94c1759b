"""What a night's digest says: how many findings are new, by grade, team, severity and rule.

Counts only: no lead, no person, no message of a finding. Whoever gets it looks the findings up in
the marts, where access is governed. What one machine did is one line, whosever leads they were.
"""

from __future__ import annotations

import html
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

import psycopg

from lead_handoff.agreement.vocabulary import SEVERITIES, severity_weight
from lead_handoff.grades import GRADES, by_grade

NO_TEAM, ALL_TEAMS = "no team", "all teams"


@dataclass(frozen=True)
class Line:
    """Findings of one team and rule, or of one machine and rule.

    Attributes:
        team: team of the owner at the handoff's offer; ``no team`` where there is none, and
            ``all teams`` for what a machine did.
        severity: that of the most severe of them.
        rule: the integrity rule.
        new: findings that no earlier night had.
        reopened: findings that had gone and are back.
        grades: grade -> findings.
        critical: how many of them are critical.
        machine: the automation that did it, as the marts name it; blank where none did.
    """

    team: str
    severity: str
    rule: str
    new: int
    reopened: int
    grades: Mapping[str, int] = field(default_factory=dict)
    critical: int = 0
    machine: str = ""

    @property
    def what(self) -> str:
        """The rule, and which machine broke it."""
        return f"{self.rule} by {self.machine}" if self.machine else self.rule

    @property
    def counts(self) -> str:
        """How many, and how sure they are."""
        parts = [f"{self.new:,} new"] if self.new else []
        parts += [f"{self.reopened:,} reopened"] if self.reopened else []
        return f"{', '.join(parts)} ({by_grade(self.grades)})"


@dataclass(frozen=True)
class Digest:
    """What one published night brought.

    Attributes:
        night: the night.
        as_of: the moment its marts speak of.
        lines: the most severe first, then by team and rule.
    """

    night: date
    as_of: datetime
    lines: Sequence[Line]

    @property
    def findings(self) -> int:
        """How many findings are told of."""
        return sum(line.new + line.reopened for line in self.lines)

    @property
    def subject(self) -> str:
        """One line: the night, how many by grade, how many of them critical."""
        grades: Counter[str] = Counter()
        for line in self.lines:
            grades.update(line.grades)
        plural = "" if self.findings == 1 else "s"
        return (
            f"Lead handoff, night of {self.night}: {self.findings:,} new finding{plural}"
            f" ({by_grade(grades)}), {sum(line.critical for line in self.lines):,} critical"
        )

    @property
    def query(self) -> str:
        """SQL that shows the findings themselves."""
        return (
            "select * from marts.fct_integrity_findings "  # noqa: S608 - shown, never run
            f"where last_seen = '{self.as_of.isoformat()}' and resolved_at is null "
            "and waived_by is null order by rule, team"
        )

    def as_text(self) -> str:
        """The digest as plain text."""
        width = max((len(line.team) for line in self.lines), default=0)
        told = [
            f"{line.severity:<9}{line.team:<{width}}  {line.what}: {line.counts}"
            for line in self.lines
        ]
        return "\n".join([self.subject, "", *told, "", "To see them:", self.query])

    def as_html(self) -> str:
        """The digest as a table; everything that comes from data is escaped."""
        rows = "".join(
            "<tr>"
            + "".join(
                f"<td>{html.escape(cell)}</td>"
                for cell in (line.severity, line.team, line.what, line.counts)
            )
            + "</tr>"
            for line in self.lines
        )
        head = "".join(f"<th align='left'>{name}</th>" for name in _HEADINGS)
        return (
            f"<p>{html.escape(self.subject)}</p>"
            f"<table cellpadding='6'><tr>{head}</tr>{rows}</table>"
            f"<p>To see them:</p><pre>{html.escape(self.query)}</pre>"
        )

    def as_payload(self) -> dict[str, Any]:
        """The digest for a webhook: ``text`` is what chat services show, the rest for programs."""
        return {
            "text": self.as_text(),
            "night": self.night.isoformat(),
            "as_of": self.as_of.isoformat(),
            "findings": [
                {
                    "team": line.team,
                    "severity": line.severity,
                    "rule": line.rule,
                    "machine": line.machine or None,
                    "new": line.new,
                    "reopened": line.reopened,
                    **{grade: line.grades.get(grade, 0) for grade in GRADES},
                }
                for line in self.lines
            ],
        }


_HEADINGS = ("severity", "team", "rule", "findings")


def read_digest(connection: psycopg.Connection[Any], night: date, as_of: datetime) -> Digest:
    """What the published night brought: open findings, not waived, that are new or back."""
    rows = connection.execute(
        """
        select
            case when finding.machine is null then coalesce(finding.team, %(no_team)s)
                else %(all_teams)s end,
            coalesce(finding.machine, ''), finding.rule, finding.severity, finding.grade,
            count(*) filter (where finding.first_seen = %(as_of)s),
            count(*) filter (where finding.first_seen < %(as_of)s)
        from marts.fct_integrity_findings as finding
        inner join ops.findings_ledger as ledger on finding.finding_id = ledger.finding_id
        where finding.resolved_at is null and finding.waived_by is null
            and (finding.first_seen = %(as_of)s or ledger.reopened_at = %(as_of)s)
        group by 1, 2, 3, 4, 5
        """,
        {"as_of": as_of, "no_team": NO_TEAM, "all_teams": ALL_TEAMS},
    ).fetchall()
    return Digest(night, as_of, sorted(_lines(rows), key=_place))


def _lines(rows: Iterable[tuple[Any, ...]]) -> Iterable[Line]:
    """A line per rule and team, or rule and machine."""
    groups: dict[tuple[str, str, str], list[tuple[str, str, int, int]]] = defaultdict(list)
    for team, machine, rule, severity, grade, new, reopened in rows:
        groups[team, machine, rule].append((severity, grade, new, reopened))
    for (team, machine, rule), parts in groups.items():
        grades: Counter[str] = Counter()
        for _, grade, new, reopened in parts:
            grades[grade] += new + reopened
        yield Line(
            team,
            min((severity for severity, *_ in parts), key=severity_weight),
            rule,
            sum(new for *_, new, _ in parts),
            sum(reopened for *_, reopened in parts),
            dict(grades),
            sum(new + back for severity, _, new, back in parts if severity == SEVERITIES[0]),
            machine,
        )


def _place(line: Line) -> tuple[int, str, str, str]:
    return severity_weight(line.severity), line.team, line.rule, line.machine
