"""What a night's digest says: how many findings are new, by team, severity and rule.

Counts only: no lead, no person, no message of a finding. Whoever gets it looks the findings up in
the marts, where access is governed.
"""

from __future__ import annotations

import html
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import psycopg

from lead_handoff.agreement.vocabulary import SEVERITIES

NO_TEAM = "no team"


@dataclass(frozen=True)
class Line:
    """Findings of one team and rule.

    Attributes:
        team: team of the owner at the handoff's offer; ``no team`` where there is none.
        severity: the rule's, by the agreement.
        rule: the integrity rule.
        new: findings that no earlier night had.
        reopened: findings that had gone and are back.
    """

    team: str
    severity: str
    rule: str
    new: int
    reopened: int


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
        """One line: the night, how many, how many of them critical."""
        critical = sum(
            line.new + line.reopened for line in self.lines if line.severity == SEVERITIES[0]
        )
        plural = "" if self.findings == 1 else "s"
        return (
            f"Lead handoff, night of {self.night}: {self.findings} new finding{plural}"
            f", {critical} critical"
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
            f"{line.severity:<9}{line.team:<{width}}  {line.rule}: {_counts(line)}"
            for line in self.lines
        ]
        return "\n".join([self.subject, "", *told, "", "To see them:", self.query])

    def as_html(self) -> str:
        """The digest as a table; everything that comes from data is escaped."""
        rows = "".join(
            "<tr>"
            + "".join(
                f"<td>{html.escape(cell)}</td>"
                for cell in (line.severity, line.team, line.rule, _counts(line))
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
                    "new": line.new,
                    "reopened": line.reopened,
                }
                for line in self.lines
            ],
        }


_HEADINGS = ("severity", "team", "rule", "findings")


def read_digest(connection: psycopg.Connection[Any], night: date, as_of: datetime) -> Digest:
    """What the published night brought: open findings, not waived, that are new or back."""
    rows = connection.execute(
        """
        select coalesce(finding.team, %(no_team)s), finding.severity, finding.rule,
            count(*) filter (where finding.first_seen = %(as_of)s),
            count(*) filter (where finding.first_seen < %(as_of)s)
        from marts.fct_integrity_findings as finding
        inner join ops.findings_ledger as ledger on finding.finding_id = ledger.finding_id
        where finding.resolved_at is null and finding.waived_by is null
            and (finding.first_seen = %(as_of)s or ledger.reopened_at = %(as_of)s)
        group by 1, 2, 3
        """,
        {"as_of": as_of, "no_team": NO_TEAM},
    ).fetchall()
    lines = sorted((Line(*row) for row in rows), key=_place)
    return Digest(night, as_of, lines)


def _place(line: Line) -> tuple[int, str, str]:
    known = line.severity in SEVERITIES
    return SEVERITIES.index(line.severity) if known else len(SEVERITIES), line.team, line.rule


def _counts(line: Line) -> str:
    parts = [f"{line.new} new"] if line.new else []
    parts += [f"{line.reopened} reopened"] if line.reopened else []
    return ", ".join(parts)
