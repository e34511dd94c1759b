"""The monthly waterfall: what happened in a month, and what became of a month's journeys.

Choice: a move belongs to the tier and team of the handoff in which it lies, a journey to those of
its first handoff; outside any handoff there is neither.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from math import sqrt
from typing import Any

from tests.oracle.agreement import Version
from tests.oracle.findings import Finding, Findings
from tests.oracle.handoffs import ACCEPTING_STAGES, RESPONSE_STAGES, Handoff, Handoffs
from tests.oracle.rows import MartRow, lead_source_of, team_of
from tests.oracle.transitions import Transition
from tests.oracle.values import rounded

COUNTED_STAGES = {
    "inquiry": "inquiries",
    "mql": "mqls",
    "sql": "sqls",
    "won": "won",
    "lost": "lost",
}
RESTATED_STAGES = {"sql": "sqls_restated", "won": "won_restated"}
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
    "accepted_restated",
    "accepted_by_person_restated",
    "sqls_restated",
    "won_restated",
]
Z_95 = 1.959963984540054


class Suspects:
    """The moves that standing findings say nobody in sales made, and the funnel without them.

    A waiver lifts a finding. What such a finding names is left out as if it had not happened:
    the promotion itself, or the response by which a handoff was accepted. The handoff then goes
    by its next answer; the lead's journeys and its other moves stay as they are.
    """

    def __init__(self, findings: Findings) -> None:
        waived = findings.agreement.waivers
        standing = [one for one in findings.found if str(one.row()["finding_id"]) not in waived]
        self.moves = {one.subject_id for one in standing if one.rule == "silent_auto_promotion"}
        handoffs = {one.subject_id for one in standing if _is_about_acceptance(one)}
        for handoff in findings.handoffs.all():
            if handoff.handoff_id in handoffs and handoff.response is not None:
                self.moves.add(handoff.response.transition_id)

    def answer(self, handoff: Handoff) -> Transition | None:
        """The first answer of the handoff that no standing finding names."""
        for move in handoff.following:
            if move.to_stage in RESPONSE_STAGES and move.transition_id not in self.moves:
                return move
        return None

    def outcome(self, handoff: Handoff, as_of: datetime) -> str:
        """The handoff's outcome without suspect moves."""
        answer, due = self.answer(handoff), handoff.response_due_at
        if answer is not None and answer.to_stage in ACCEPTING_STAGES:
            return "accepted"
        if answer is not None:
            is_late = due is not None and answer.entered_at > due
            return "ignored" if answer.actor_type == "automation" and is_late else "rejected"
        if handoff.next_offered_at is not None:
            return "ignored" if due is not None and handoff.next_offered_at > due else "withdrawn"
        return "ignored" if due is not None and as_of > due else "pending"


def _is_about_acceptance(finding: Finding) -> bool:
    return finding.rule in ("auto_acceptance", "auto_expiry_accepts")


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

    def count_restated(self, answer: Transition) -> None:
        self.counts["accepted_restated"] += 1
        self.counts["accepted_by_person_restated"] += answer.actor_type == "human"

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


def rated(name: str, successes: int, total: int, factor: int = 1) -> MartRow:
    """Return a rate with its interval, as columns; what is no share has no interval."""
    interval = wilson(successes, total) if successes <= total else None
    return {
        name: rounded(factor * successes, total) if total else None,
        f"{name}_low": factor * interval[0] if interval else None,
        f"{name}_high": factor * interval[1] if interval else None,
    }


def benchmarks_of(version: Version) -> dict[str, Decimal | None]:
    """Return the figures that a version of the agreement gives for the funnel, as columns."""
    said = {(row["metric"], row["kind"]): row["value"] for row in version.tables["benchmarks"]}
    per_1000 = "closed_won_per_1000_inquiries"
    wanted = {
        "acceptance_rate_benchmark": ("acceptance_rate", "benchmark"),
        "acceptance_rate_target": ("acceptance_rate", "target"),
        f"{per_1000}_benchmark": (per_1000, "benchmark"),
        f"{per_1000}_target": (per_1000, "target"),
        f"{per_1000}_without_sal_benchmark": (f"{per_1000}_without_sal", "benchmark"),
    }
    return {column: Decimal(said[key]) if said.get(key) else None for column, key in wanted.items()}


@dataclass(frozen=True)
class _Segments:
    """In which segments a lead, and a handoff of it, is counted."""

    lead_source: str | None

    def of(self, handoff: Handoff | None) -> list[str]:
        named = [("lead_source", self.lead_source)]
        if handoff is not None:
            named += [("tier", handoff.tier), ("team", team_of(handoff))]
        return ["all"] + [f"{kind}:{value}" for kind, value in named if value is not None]


class Waterfall:
    """Counts both bases at once."""

    def __init__(
        self,
        transitions: dict[str, list[Transition]],
        handoffs: Handoffs,
        findings: Findings,
        as_of: datetime,
    ) -> None:
        self.as_of = as_of
        self.suspects = Suspects(findings)
        self.handoffs = handoffs
        self.cells: dict[tuple[date, str, str], Cell] = defaultdict(Cell)
        for lead in handoffs.identity.leads:
            source = lead_source_of(handoffs.identity, lead)
            segments = _Segments(source)
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
        self, segments: _Segments, moves: list[Transition], handoffs: list[Handoff]
    ) -> None:
        for move in moves:
            column = COUNTED_STAGES.get(move.to_stage)
            if column:
                within = [one for one in handoffs if one.opening.number <= move.number]
                found = segments.of(within[-1] if within else None)
                for cell in self._cells(move.entered_at, "activity", found):
                    cell.counts[column] += 1
                    if move.to_stage in RESTATED_STAGES:
                        is_trusted = move.transition_id not in self.suspects.moves
                        cell.counts[RESTATED_STAGES[move.to_stage]] += is_trusted
        for handoff in handoffs:
            found = segments.of(handoff)
            for cell in self._cells(handoff.offered_at, "activity", found):
                cell.counts["handoffs"] += 1
                cell.rated.append(handoff)
            response = handoff.response
            if response is not None:
                for cell in self._cells(response.entered_at, "activity", found):
                    if handoff.is_accepted:
                        cell.count_accepted(handoff)
                    else:
                        cell.counts["rejected"] += 1
            answer = self.suspects.answer(handoff)
            if answer is not None and answer.to_stage in ACCEPTING_STAGES:
                for cell in self._cells(answer.entered_at, "activity", found):
                    cell.count_restated(answer)
            if handoff.outcome == "ignored" and handoff.response_due_at is not None:
                for cell in self._cells(handoff.response_due_at, "activity", found):
                    cell.counts["ignored"] += 1
            won = handoff.first_into({"won"})
            if won is not None:
                for cell in self._cells(won.entered_at, "activity", found):
                    cell.add_amount(handoff)

    def _count_cohorts(
        self, segments: _Segments, moves: list[Transition], handoffs: list[Handoff]
    ) -> None:
        journeys: dict[int, list[Transition]] = defaultdict(list)
        for move in moves:
            journeys[move.journey_number].append(move)
        for number, journey in journeys.items():
            reached = {move.to_stage for move in journey}
            trusted = {
                move.to_stage for move in journey if move.transition_id not in self.suspects.moves
            }
            opened = [one for one in handoffs if one.opening.journey_number == number]
            began_at = journey[0].entered_at
            for cell in self._cells(began_at, "cohort", segments.of(next(iter(opened), None))):
                for stage, column in COUNTED_STAGES.items():
                    cell.counts[column] += stage in reached
                for stage, column in RESTATED_STAGES.items():
                    cell.counts[column] += stage in trusted
            for handoff in opened:
                for cell in self._cells(began_at, "cohort", segments.of(handoff)):
                    cell.counts["handoffs"] += 1
                    cell.rated.append(handoff)
                    if handoff.is_accepted:
                        cell.count_accepted(handoff)
                    answer = self.suspects.answer(handoff)
                    if answer is not None and answer.to_stage in ACCEPTING_STAGES:
                        cell.count_restated(answer)
                    cell.counts["rejected"] += handoff.outcome == "rejected"
                    cell.counts["ignored"] += handoff.outcome == "ignored"
                    if handoff.first_into({"won"}) is not None:
                        cell.add_amount(handoff)

    def _is_due(self, handoff: Handoff) -> bool:
        return handoff.response_due_at is not None and handoff.response_due_at < self.as_of

    def rows(self) -> list[MartRow]:
        result = []
        benchmarks = benchmarks_of(self.handoffs.agreement.judging(self.as_of))
        for (month, basis, segment), cell in sorted(self.cells.items()):
            due = [one for one in cell.rated if self._is_due(one) and one.outcome != "withdrawn"]
            by_person = sum(
                handoff.is_accepted
                and handoff.response is not None
                and handoff.response.actor_type == "human"
                for handoff in due
            )
            outcomes = {
                one.handoff_id: self.suspects.outcome(one, self.as_of) for one in cell.rated
            }
            still_due = [
                one
                for one in cell.rated
                if self._is_due(one) and outcomes[one.handoff_id] != "withdrawn"
            ]
            answers = [
                self.suspects.answer(one)
                for one in still_due
                if outcomes[one.handoff_id] == "accepted"
            ]
            by_person_restated = sum(
                answer is not None and answer.actor_type == "human" for answer in answers
            )
            inquiries = cell.counts["inquiries"]
            row: dict[str, Any] = {"month": month, "basis": basis, "segment": segment}
            row |= cell.counts
            row["amount_won"] = (
                next(iter(cell.amounts.values())) if len(cell.amounts) == 1 else None
            )
            row |= rated("acceptance_rate", by_person, len(due))
            row |= rated("acceptance_rate_restated", by_person_restated, len(still_due))
            per_1000 = "closed_won_per_1000_inquiries"
            row |= rated(per_1000, cell.counts["won"], inquiries, 1000)
            row |= rated(f"{per_1000}_restated", cell.counts["won_restated"], inquiries, 1000)
            row |= benchmarks
            row["is_mature"] = not any(one.outcome == "pending" for one in cell.rated)
            row["is_mature_restated"] = "pending" not in outcomes.values()
            result.append(row)
        return result
