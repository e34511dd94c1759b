"""The monthly review: which handoffs left sales' hands, and how far the review has come."""

from __future__ import annotations

import unicodedata
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from tests.oracle.agreement import Agreement
from tests.oracle.handoffs import Handoff, Handoffs
from tests.oracle.rows import MartRow, team_of

Rows = list[dict[str, Any]]
VERDICTS = ("valid", "invalid", "cannot_tell", "disputed")


@dataclass
class Record:
    """The review's own record, as rows of its tables; only what stands before as_of is known."""

    as_of: datetime
    draws: Rows = field(default_factory=list)
    population: Rows = field(default_factory=list)
    sample: Rows = field(default_factory=list)
    verdicts: Rows = field(default_factory=list)

    def frozen(self) -> dict[date, datetime]:
        """Months whose population was frozen, and when."""
        return {
            _month(row): row["frozen_at"] for row in self.draws if row["frozen_at"] < self.as_of
        }

    def drawn(self) -> list[tuple[date, datetime]]:
        """Months whose sample was drawn, and when."""
        return [
            (_month(row), row["drawn_at"])
            for row in self.draws
            if row["drawn_at"] is not None and row["drawn_at"] < self.as_of
        ]

    def cases(self) -> Rows:
        """The drawn cases, without those that an extension added later."""
        return [
            row
            for row in self.sample
            if row["extended_at"] is None or row["extended_at"] < self.as_of
        ]

    def verdict_on(self, case: dict[str, Any]) -> str | None:
        """The verdict that counts: the adjudicated one, else the one that all reviewers share.

        The newest of each reviewer counts, and one without a verdict takes the older ones back.
        """
        newest: dict[tuple[str, bool], dict[str, Any]] = {}
        for row in sorted(self.verdicts, key=lambda row: (row["accepted_at"], row["verdict_id"])):
            is_of_case = (row["month"], row["handoff_id"]) == (case["month"], case["handoff_id"])
            if is_of_case and row["accepted_at"] < self.as_of:
                key = (row["reviewer"], row["is_adjudication"])
                newest.pop(key, None)
                newest[key] = row
        standing = [row for row in newest.values() if row["verdict"] is not None]
        decided = [row["verdict"] for row in standing if row["is_adjudication"]]
        opinions = {row["verdict"] for row in standing}
        if decided:
            return str(decided[-1])
        if len(opinions) > 1:
            return "disputed"
        return opinions.pop() if opinions else None


def _month(row: dict[str, Any]) -> date:
    return date.fromisoformat(f"{row['month']}-01")


def exit_of(handoff: Handoff) -> tuple[str, datetime] | None:
    """Kind and moment with which a handoff left sales' hands; None while it has not."""
    if handoff.outcome == "ignored" and handoff.response_due_at is not None:
        return "ignored", handoff.response_due_at
    if handoff.outcome == "rejected" and handoff.response is not None:
        is_machine = handoff.response.actor_type == "automation"
        return "machine" if is_machine else "rejected", handoff.response.entered_at
    if handoff.outcome == "accepted" and handoff.sent_back is not None:
        is_machine = handoff.sent_back.actor_type == "automation"
        return "machine" if is_machine else "sent_back", handoff.sent_back.entered_at
    return None


def month_that_holds(agreement: Agreement, at: datetime) -> date:
    """The month whose beginning is the last one at or before an instant.

    A month begins at midnight where the version that is in force on its first day lives.
    """
    month = at.date().replace(day=1)
    month = month.replace(year=month.year + month.month // 12, month=month.month % 12 + 1)
    while agreement.beginning(month) > at:
        month = (
            month.replace(year=month.year - 1, month=12)
            if month.month == 1
            else month.replace(month=month.month - 1)
        )
    return month


def agg_review_monthly(handoffs: Handoffs, record: Record) -> list[MartRow]:
    """Count exits, frozen and drawn ones and verdicts by month, kind and team."""
    cells: dict[tuple[date, str, str], dict[str, int]] = {}

    def count(month: date, kind: str, team: str | None, *measures: str) -> None:
        for one in ("all", kind):
            for segment in ("all", f"team:{team}" if team else "no_team"):
                cell = cells.setdefault((month, one, segment), defaultdict(int))
                for measure in measures:
                    cell[measure] += 1

    for handoff in handoffs.all():
        left = exit_of(handoff)
        if left is not None:
            team = team_of(handoff)
            name = unicodedata.normalize("NFC", team) if team else None
            count(month_that_holds(handoffs.agreement, left[1]), left[0], name, "population")
    frozen, drawn = record.frozen(), dict(record.drawn())
    members = {(row["month"], row["handoff_id"]): row for row in record.population}
    for member in record.population:
        if _month(member) in frozen:
            count(_month(member), member["exit_kind"], member["team"], "frozen_population")
    for case in record.cases():
        if _month(case) in drawn:
            member = members[case["month"], case["handoff_id"]]
            verdict = record.verdict_on(case)
            told = ("reviewed", verdict) if verdict else ("unreviewed",)
            count(_month(case), member["exit_kind"], member["team"], "drawn", *told)
    rows = []
    for (month, kind, segment), cell in cells.items():
        row: MartRow = {"month": month, "exit_kind": kind, "segment": segment}
        columns = ("population", "frozen_population", "drawn", "reviewed", *VERDICTS, "unreviewed")
        row |= {column: cell[column] for column in columns}
        row["frozen_at"], row["drawn_at"] = frozen.get(month), drawn.get(month)
        row["is_mature"] = month in drawn and not cell["unreviewed"] and not cell["disputed"]
        rows.append(row)
    return rows
