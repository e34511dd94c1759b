"""The monthly waterfall: what happened in a month, and what became of a month's journeys.

Only the segments `all` and `lead_source:<s>` are worked out: to which tier or team a move
outside any handoff belongs is not settled by the rules.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from math import sqrt
from typing import Any

from tests.oracle.handoffs import Handoff, Handoffs
from tests.oracle.rows import MartRow, lead_source_of
from tests.oracle.transitions import Transition

COUNTED_STAGES = {
    "inquiry": "inquiries",
    "mql": "mqls",
    "sql": "sqls",
    "won": "won",
    "lost": "lost",
}
COUNTS = [
    "inquiries",
    "mqls",
    "handoffs",
    "accepted",
    "accepted_by_person",
    "accepted_by_machine",
    "rejected",
    "ignored",
    "sqls",
    "won",
    "lost",
]
Z_95 = 1.959963984540054


@dataclass
class Cell:
    """One row while it is being counted."""

    counts: dict[str, int] = field(default_factory=lambda: dict.fromkeys(COUNTS, 0))
    amounts: dict[str | None, Decimal] = field(default_factory=dict)
    rated: list[Handoff] = field(default_factory=list)

    def count_accepted(self, handoff: Handoff) -> None:
        self.counts["accepted"] += 1
        kind = handoff.response.actor_type if handoff.response else None
        self.counts["accepted_by_person"] += kind == "human"
        self.counts["accepted_by_machine"] += kind == "automation"

    def add_amount(self, handoff: Handoff) -> None:
        opportunity = handoff.opportunity
        if opportunity is not None and opportunity.amount is not None:
            known = self.amounts.get(opportunity.currency, Decimal(0))
            self.amounts[opportunity.currency] = known + opportunity.amount


def wilson(successes: int, total: int) -> tuple[float, float] | None:
    """Return the 95 % Wilson interval of a share; None of nothing."""
    if total == 0:
        return None
    share = successes / total
    middle = share + Z_95**2 / (2 * total)
    spread = Z_95 * sqrt(share * (1 - share) / total + Z_95**2 / (4 * total**2))
    scale = 1 + Z_95**2 / total
    return (middle - spread) / scale, (middle + spread) / scale


class Waterfall:
    """Counts both bases at once."""

    def __init__(
        self, transitions: dict[str, list[Transition]], handoffs: Handoffs, as_of: datetime
    ) -> None:
        self.as_of = as_of
        self.handoffs = handoffs
        self.cells: dict[tuple[date, str, str], Cell] = defaultdict(Cell)
        for lead in handoffs.identity.leads:
            source = lead_source_of(handoffs.identity, lead, as_of)
            segments = ["all"] + ([f"lead_source:{source}"] if source else [])
            moves = transitions.get(lead.lead_id, [])
            own = handoffs.by_lead[lead.lead_id]
            self._count_activity(segments, moves, own)
            self._count_cohorts(segments, moves, own)

    def _month(self, at: datetime) -> date:
        zone = self.handoffs.agreement.judging(at).zone
        return at.astimezone(zone).date().replace(day=1)

    def _cells(self, at: datetime, basis: str, segments: list[str]) -> list[Cell]:
        return [self.cells[self._month(at), basis, segment] for segment in segments]

    def _count_activity(
        self, segments: list[str], moves: list[Transition], handoffs: list[Handoff]
    ) -> None:
        for move in moves:
            column = COUNTED_STAGES.get(move.to_stage)
            if column:
                for cell in self._cells(move.entered_at, "activity", segments):
                    cell.counts[column] += 1
        for handoff in handoffs:
            for cell in self._cells(handoff.offered_at, "activity", segments):
                cell.counts["handoffs"] += 1
                cell.rated.append(handoff)
            response = handoff.response
            if response is not None:
                for cell in self._cells(response.entered_at, "activity", segments):
                    if handoff.is_accepted:
                        cell.count_accepted(handoff)
                    else:
                        cell.counts["rejected"] += 1
            if handoff.outcome == "ignored" and handoff.response_due_at is not None:
                for cell in self._cells(handoff.response_due_at, "activity", segments):
                    cell.counts["ignored"] += 1
            won = handoff.first_into({"won"})
            if won is not None:
                for cell in self._cells(won.entered_at, "activity", segments):
                    cell.add_amount(handoff)

    def _count_cohorts(
        self, segments: list[str], moves: list[Transition], handoffs: list[Handoff]
    ) -> None:
        journeys: dict[int, list[Transition]] = defaultdict(list)
        for move in moves:
            journeys[move.journey_number].append(move)
        for number, journey in journeys.items():
            reached = {move.to_stage for move in journey}
            opened = [one for one in handoffs if one.opening.journey_number == number]
            for cell in self._cells(journey[0].entered_at, "cohort", segments):
                for stage, column in COUNTED_STAGES.items():
                    cell.counts[column] += stage in reached
                for handoff in opened:
                    cell.counts["handoffs"] += 1
                    cell.rated.append(handoff)
                    if handoff.is_accepted:
                        cell.count_accepted(handoff)
                    cell.counts["rejected"] += handoff.outcome == "rejected"
                    cell.counts["ignored"] += handoff.outcome == "ignored"
                    if handoff.first_into({"won"}) is not None:
                        cell.add_amount(handoff)

    def rows(self) -> list[MartRow]:
        result = []
        for (month, basis, segment), cell in sorted(self.cells.items()):
            due = [
                handoff
                for handoff in cell.rated
                if handoff.outcome != "withdrawn"
                and handoff.response_due_at is not None
                and handoff.response_due_at < self.as_of
            ]
            by_person = sum(
                handoff.is_accepted
                and handoff.response is not None
                and handoff.response.actor_type == "human"
                for handoff in due
            )
            interval = wilson(by_person, len(due))
            inquiries, won = cell.counts["inquiries"], cell.counts["won"]
            row: dict[str, Any] = {"month": month, "basis": basis, "segment": segment}
            row |= cell.counts
            row["amount_won"] = (
                next(iter(cell.amounts.values())) if len(cell.amounts) == 1 else None
            )
            row["acceptance_rate"] = by_person / len(due) if due else None
            row["acceptance_rate_low"] = interval[0] if interval else None
            row["acceptance_rate_high"] = interval[1] if interval else None
            row["closed_won_per_1000_inquiries"] = 1000 * won / inquiries if inquiries else None
            row["is_mature"] = not any(one.outcome == "pending" for one in cell.rated)
            result.append(row)
        return result
