"""How the funnel moves over time: acceptance by month, the SAL stage, changes of the agreement."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from datetime import date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from math import sqrt
from typing import Any

from tests.oracle.agreement import OPEN_STAGES, Agreement, Version
from tests.oracle.handoffs import Handoff, Handoffs
from tests.oracle.review import Record
from tests.oracle.rows import MartRow, team_of
from tests.oracle.sla import Compliance
from tests.oracle.transitions import Transition
from tests.oracle.values import MICROSECONDS_PER_HOUR, first_instant_of_day, microseconds, rounded
from tests.oracle.waterfall import benchmarks_of, rated, wilson

LONGEST_WINDOW = 90
PER_1000 = "closed_won_per_1000_inquiries"


def month_of(agreement: Agreement, at: datetime) -> date:
    """Return the month in which something happened, where the version in force then lives."""
    return at.astimezone(agreement.judging(at).zone).date().replace(day=1)


def next_month(month: date) -> date:
    """Return the first day of the month after."""
    return (month.replace(day=28) + timedelta(days=4)).replace(day=1)


def newcombe(one: tuple[int, int], other: tuple[int, int]) -> tuple[float, float] | None:
    """Return the 95 % interval of one share less another, from the Wilson interval of each."""
    first, second = wilson(*one), wilson(*other)
    if first is None or second is None:
        return None
    p, q = one[0] / one[1], other[0] / other[1]
    low = sqrt((p - first[0]) ** 2 + (second[1] - q) ** 2)
    high = sqrt((first[1] - p) ** 2 + (q - second[0]) ** 2)
    return p - q - low, p - q + high


def less(one: tuple[int, int], other: tuple[int, int]) -> Decimal:
    """Return one share less another, as it is stored."""
    difference = Fraction(*one) - Fraction(*other)
    return rounded(difference.numerator, difference.denominator)


def median_hours(spans: Iterable[timedelta]) -> Decimal | None:
    """Return the median of spans in hours with 6 decimals; None of none."""
    ordered = sorted(microseconds(span) for span in spans)
    if not ordered:
        return None
    middle = Fraction(ordered[(len(ordered) - 1) // 2] + ordered[len(ordered) // 2], 2)
    return rounded(middle.numerator, middle.denominator * MICROSECONDS_PER_HOUR)


def accepted_by(handoff: Handoff) -> str | None:
    """Return the kind of actor that accepted; None unless accepted."""
    return handoff.response.actor_type if handoff.response and handoff.is_accepted else None


class Trends:
    """Counts the monthly views of the funnel and the changes of the agreement."""

    def __init__(
        self,
        transitions: dict[str, list[Transition]],
        handoffs: Handoffs,
        compliance: Compliance,
        record: Record,
        as_of: datetime,
    ) -> None:
        self.transitions = transitions
        self.handoffs = handoffs
        self.agreement = handoffs.agreement
        self.compliance = compliance
        self.record = record
        self.as_of = as_of

    def _is_due(self, handoff: Handoff) -> bool:
        due = handoff.response_due_at
        return due is not None and due < self.as_of and handoff.outcome != "withdrawn"

    def _is_over(self, month: date) -> bool:
        return self.agreement.beginning(next_month(month)) <= self.as_of

    # -- acceptance by month ---------------------------------------------------------------

    def acceptance(self) -> list[MartRow]:
        """Every month of the calendar from the first handoff to as_of."""
        offered: dict[date, list[Handoff]] = defaultdict(list)
        for handoff in self.handoffs.all():
            offered[month_of(self.agreement, handoff.offered_at)].append(handoff)
        if not offered:
            return []
        months = [min(offered)]
        while self.agreement.beginning(next_month(months[-1])) < self.as_of:
            months.append(next_month(months[-1]))
        rows: list[MartRow] = []
        seen: list[tuple[int, int]] = []
        for month in months:
            row = self._of_month(month, offered[month])
            seen.append((row["accepted_by_person"], row["due"]))
            last_three = seen[-3:]
            row["rolling_due"] = sum(due for _, due in last_three)
            row |= rated(
                "rolling_acceptance_rate", sum(n for n, _ in last_three), row["rolling_due"]
            )
            row |= self._change(seen)
            rows.append(row)
        return rows

    def _of_month(self, month: date, handoffs: list[Handoff]) -> MartRow:
        due = [one for one in handoffs if self._is_due(one)]
        by = [accepted_by(one) for one in due]
        row: MartRow = {
            "month": month,
            "handoffs": len(handoffs),
            "due": len(due),
            "accepted_by_person": by.count("human"),
            "accepted_by_machine": by.count("automation"),
            "accepted_by_unknown": by.count("unknown"),
            "rejected": sum(one.outcome == "rejected" for one in due),
            "ignored": sum(one.outcome == "ignored" for one in due),
        }
        row |= rated("acceptance_rate", row["accepted_by_person"], len(due))
        row |= rated("machine_acceptance_rate", row["accepted_by_machine"], len(due))
        row |= rated("rejected_share", row["rejected"], len(due))
        row |= rated("ignored_share", row["ignored"], len(due))
        said = benchmarks_of(self.agreement.of_day(month))
        for name in ("acceptance_rate_benchmark", "acceptance_rate_target"):
            row[name] = said[name]
        begins = self.agreement.beginning(month)
        ends = self.agreement.beginning(next_month(month))
        drawn = self.record.drawn()
        row["is_review_month"] = any(
            of == month or begins <= drawn_at < ends for of, drawn_at in drawn
        )
        row["reviews_held_before"] = sum(drawn_at < begins for _, drawn_at in drawn)
        row["is_mature"] = self._is_over(month) and all(o.outcome != "pending" for o in handoffs)
        return row

    def _change(self, seen: list[tuple[int, int]]) -> MartRow:
        interval = newcombe(seen[-1], seen[-2]) if len(seen) > 1 else None
        name = "acceptance_rate_change"
        if interval is None:
            return {name: None, f"{name}_low": None, f"{name}_high": None}
        return {
            name: less(seen[-1], seen[-2]),
            f"{name}_low": interval[0],
            f"{name}_high": interval[1],
        }

    # -- the SAL stage ---------------------------------------------------------------------

    def sal_comparison(self) -> list[MartRow]:
        """Journeys by the month they began in and by who moved them into sal."""
        groups: dict[tuple[date, str], list[tuple[list[Transition], list[Handoff]]]] = {}
        pending: set[date] = set()
        for lead_id, moves in self.transitions.items():
            for number in {move.journey_number for move in moves}:
                journey = [move for move in moves if move.journey_number == number]
                opened = [
                    one
                    for one in self.handoffs.by_lead[lead_id]
                    if one.opening.journey_number == number
                ]
                month = month_of(self.agreement, journey[0].entered_at)
                groups.setdefault((month, _way_through_sal(journey)), []).append((journey, opened))
                if any(one.outcome == "pending" for one in opened):
                    pending.add(month)
        said = benchmarks_of(self.agreement.judging(self.as_of))
        rows = []
        for (month, way), members in groups.items():
            reached = [{move.to_stage for move in journey} for journey, _ in members]
            sqls = [stages for stages in reached if "sql" in stages]
            won = sum("won" in stages for stages in reached)
            inquiries = sum("inquiry" in stages for stages in reached)
            rows.append(
                {
                    "month": month,
                    "sal_stage": way,
                    "journeys": len(members),
                    "inquiries": inquiries,
                    "mqls": sum("mql" in stages for stages in reached),
                    "handoffs": sum(len(opened) for _, opened in members),
                    "sqls": len(sqls),
                    "won": won,
                    "open_journeys": sum(_is_open(journey) for journey, _ in members),
                    **rated(PER_1000, won, inquiries, 1000),
                    **rated("close_rate", sum("won" in stages for stages in sqls), len(sqls)),
                    "median_hours_to_sql": median_hours(_spans(members, "sql")),
                    "median_hours_to_won": median_hours(_spans(members, "won")),
                    f"{PER_1000}_benchmark": said[f"{PER_1000}_benchmark"],
                    f"{PER_1000}_without_sal_benchmark": said[f"{PER_1000}_without_sal_benchmark"],
                    "is_mature": month not in pending,
                }
            )
        return rows

    def sal_adoption(self) -> list[MartRow]:
        """Accepted handoffs by month, for all and by team, and what became of the SAL stage."""
        cells: dict[tuple[date, str], list[Handoff]] = defaultdict(list)
        for handoff in self.handoffs.all():
            if handoff.accepted_at is not None:
                month = month_of(self.agreement, handoff.accepted_at)
                team = team_of(handoff)
                cells[month, "all"].append(handoff)
                cells[month, f"team:{team}" if team else "no_team"].append(handoff)
        rows = []
        for (month, segment), accepted in cells.items():
            explicit = [o for o in accepted if o.response and o.response.to_stage == "sal"]
            skipped = [o for o in accepted if o not in explicit]
            by = [accepted_by(one) for one in explicit]
            row: MartRow = {
                "month": month,
                "segment": segment,
                "accepted": len(accepted),
                "sal_by_person": by.count("human"),
                "sal_by_machine": by.count("automation"),
                "sal_by_unknown": by.count("unknown"),
                "sal_skipped": len(skipped),
                "sal_skipped_by_person": sum(accepted_by(one) == "human" for one in skipped),
                "is_mature": self._is_over(month),
            }
            for measure in ("sal_by_person", "sal_by_machine", "sal_skipped"):
                row |= rated(f"{measure}_share", row[measure], len(accepted))
            rows.append(row)
        return rows

    # -- changes of the agreement ----------------------------------------------------------

    def agreement_changes(self) -> list[MartRow]:
        """Each change in force: the measures in equal spans of days before and after it."""
        rows: list[MartRow] = []
        for place, version in enumerate(self.agreement.versions):
            if place > 0 and version.valid_from <= self.as_of:
                rows += self._around(place, version)
        return rows

    def _around(self, place: int, version: Version) -> list[MartRow]:
        first_day = date.fromisoformat(version.row["valid_from"])

        def midnight(days: int) -> datetime:
            return first_instant_of_day(first_day + timedelta(days=days), version.zone)

        previous = self.agreement.versions[place - 1]
        following = self.agreement.versions[place + 1 :]
        possible = 0
        while (
            possible < LONGEST_WINDOW
            and midnight(-possible - 1) >= previous.valid_from
            and not (following and midnight(possible + 1) > following[0].valid_from)
        ):
            possible += 1
        days = max(n for n in range(possible + 1) if n == 0 or midnight(n) <= self.as_of)
        start, end = midnight(-days), midnight(days)
        sides = {
            "before": self._offered(start, version.valid_from),
            "after": self._offered(version.valid_from, end),
        }
        ends = {"before": version.valid_from, "after": end}
        is_pending = any(
            one.outcome == "pending" or self._response_status(one) == "pending"
            for handoffs in sides.values()
            for one in handoffs
        )
        rows = []
        for measure in _MEASURES:
            row: MartRow = {
                "agreement_version": version.name,
                "previous_version": previous.name,
                "valid_from": version.valid_from,
                "measure": measure,
                "unit": "share",
                "window_days": days,
                "before_from_at": start,
                "after_to_at": end,
                "is_mature": days == possible and not is_pending,
            }
            counts = {
                side: self._share(measure, handoffs, ends[side]) for side, handoffs in sides.items()
            }
            for side, (true, of) in counts.items():
                row[f"{side}_successes"], row[f"{side}_handoffs"] = true, of
                bounds = wilson(true, of)
                row[f"{side}_value"] = rounded(true, of) if of else None
                row[f"{side}_low"] = bounds[0] if bounds else None
                row[f"{side}_high"] = bounds[1] if bounds else None
            interval = newcombe(counts["after"], counts["before"])
            row["difference"] = less(counts["after"], counts["before"]) if interval else None
            row["difference_low"] = interval[0] if interval else None
            row["difference_high"] = interval[1] if interval else None
            rows.append(row)
        rows.append(self._hours(rows[0], sides))
        return rows

    def _offered(self, start: datetime, end: datetime) -> list[Handoff]:
        return [one for one in self.handoffs.all() if start <= one.offered_at < end]

    def _response_status(self, handoff: Handoff) -> str | None:
        clause = self.compliance.by_handoff.get((handoff.handoff_id, "response"))
        return clause.status if clause else None

    def _share(self, measure: str, handoffs: list[Handoff], end: datetime) -> tuple[int, int]:
        of, true = _MEASURES[measure]
        counted = [one for one in handoffs if of(self, one)]
        return sum(true(self, one, end) for one in counted), len(counted)

    def _hours(self, like: MartRow, sides: dict[str, list[Handoff]]) -> MartRow:
        row = like | {"measure": "median_response_hours", "unit": "hours"}
        row |= {"difference_low": None, "difference_high": None}
        for side, handoffs in sides.items():
            spans = [
                one.response.entered_at - one.offered_at
                for one in handoffs
                if one.response is not None and one.response.actor_type == "human"
            ]
            row |= {f"{side}_successes": None, f"{side}_handoffs": len(spans)}
            row |= {f"{side}_value": median_hours(spans), f"{side}_low": None}
            row[f"{side}_high"] = None
        before, after = row["before_value"], row["after_value"]
        row["difference"] = None if before is None or after is None else after - before
        return row


_Of = Callable[[Trends, Handoff], bool]
_True = Callable[[Trends, Handoff, datetime], bool]


def _reached(stage: str) -> _True:
    """Whether a handoff came to a stage before its own window's end."""

    def came(_: Trends, handoff: Handoff, end: datetime) -> bool:
        move = handoff.first_into({stage})
        return move is not None and move.entered_at < end

    return came


_MEASURES: dict[str, tuple[_Of, _True]] = {
    "acceptance_rate": (
        lambda trends, one: trends._is_due(one),
        lambda _, one, __: accepted_by(one) == "human",
    ),
    "response_compliance": (
        lambda trends, one: trends._response_status(one) in ("met", "breached"),
        lambda trends, one, _: trends._response_status(one) == "met",
    ),
    "definition_met_share": (
        lambda _, one: one.met_definition is not None,
        lambda _, one, __: one.met_definition is True,
    ),
    "sql_rate": (lambda _, __: True, _reached("sql")),
    "won_rate": (lambda _, __: True, _reached("won")),
}


def _way_through_sal(journey: list[Transition]) -> str:
    by = {move.actor_type for move in journey if move.to_stage == "sal"}
    for actor_type, way in (("human", "person"), ("automation", "machine"), ("unknown", "unknown")):
        if actor_type in by:
            return way
    is_further = any(move.to_stage in ("sql", "won") for move in journey)
    return "skipped" if is_further else "not_reached"


def _is_open(journey: list[Transition]) -> bool:
    return journey[-1].exited_at is None and journey[-1].to_stage in OPEN_STAGES


def _spans(
    members: list[tuple[list[Transition], list[Handoff]]], stage: str
) -> Iterable[timedelta]:
    """From each journey's first handoff to its first entry into the stage after it."""
    for journey, opened in members:
        if opened:
            offer = min((one.opening for one in opened), key=lambda move: move.number)
            for move in journey:
                if move.number > offer.number and move.to_stage == stage:
                    yield move.entered_at - offer.entered_at
                    break


def rows(trends: Trends) -> dict[str, list[dict[str, Any]]]:
    """Return the marts that tell how the funnel moves."""
    return {
        "agg_acceptance_trend": trends.acceptance(),
        "agg_sal_comparison_monthly": trends.sal_comparison(),
        "agg_sal_adoption_monthly": trends.sal_adoption(),
        "agg_agreement_changes": trends.agreement_changes(),
    }
