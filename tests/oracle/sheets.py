"""The sheets for those who manage sales: promises by week, open ones, speed, age, persistence."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from typing import Any

from tests.oracle.agreement import OPEN_STAGES, Version, looked_up
from tests.oracle.handoffs import Handoff, Handoffs
from tests.oracle.identity import Identity
from tests.oracle.rows import MartRow
from tests.oracle.sla import Clause, Compliance
from tests.oracle.transitions import Transition
from tests.oracle.values import (
    MICROSECONDS_PER_DAY,
    MICROSECONDS_PER_HOUR,
    hours,
    microseconds,
    rounded,
)
from tests.oracle.waterfall import wilson

SALES_CLAUSES = (
    "response",
    "first_touch",
    "follow_up",
    "follow_up_before_rejection",
    "decision",
    "no_stall",
)
NOBODY = "nobody"
NO_TEAM = "none"


# -- shared ------------------------------------------------------------------------------------


def share(name: str, successes: int, total: int) -> MartRow:
    """A rate and its 95 % interval as three columns; all null of nothing."""
    interval = wilson(successes, total)
    return {
        name: rounded(successes, total) if total else None,
        f"{name}_low": interval[0] if interval else None,
        f"{name}_high": interval[1] if interval else None,
    }


def percentile(values: Iterable[int], at: Fraction) -> Fraction | None:
    """The value at a share of the way through the sorted values, in proportion between two."""
    ordered = sorted(values)
    if not ordered:
        return None
    place = at * (len(ordered) - 1)
    below = int(place)
    if below + 1 == len(ordered):
        return Fraction(ordered[below])
    return ordered[below] + (place - below) * (ordered[below + 1] - ordered[below])


def percentile_hours(spans: Iterable[int], at: Fraction) -> Decimal | None:
    """A percentile of spans in microseconds, as hours."""
    found = percentile(spans, at)
    if found is None:
        return None
    return rounded(found.numerator, found.denominator * MICROSECONDS_PER_HOUR)


MEDIAN = Fraction(1, 2)
NINTH_DECILE = Fraction(9, 10)


def roster_value(version: Version, source: str | None, user: str | None, name: str) -> str | None:
    """What the roster says of a user of a source; None where it does not list the user."""
    row = version.roster.get((source or "", user or ""))
    return (row[name] or None) if row else None


def team_at_offer(handoff: Handoff) -> str | None:
    return roster_value(handoff.version, handoff.owner_source, handoff.owner_id, "team")


class Sheets:
    """Works the sheets out from what is known of a company at as_of."""

    def __init__(
        self,
        identity: Identity,
        transitions: dict[str, list[Transition]],
        handoffs: Handoffs,
        compliance: Compliance,
        as_of: datetime,
    ) -> None:
        self.identity = identity
        self.transitions = transitions
        self.handoffs = handoffs
        self.compliance = compliance
        self.agreement = handoffs.agreement
        self.as_of = as_of

    def _local_date(self, at: datetime) -> date:
        return at.astimezone(self.agreement.judging(at).zone).date()

    def _month(self, at: datetime) -> date:
        return self._local_date(at).replace(day=1)

    # -- promises by week ------------------------------------------------------------------

    def agg_sla_weekly(self) -> Iterable[MartRow]:
        """Monday and rep, for each sales clause: due, met, breached, open; last week beside it."""
        found: dict[tuple[date, str], list[Clause]] = defaultdict(list)
        for row in self.compliance.rows:
            if row.party == "sales" and row.status != "not_applicable" and row.due_at is not None:
                day = self._local_date(row.due_at)
                monday = day - timedelta(days=day.weekday())
                found[monday, row.owner_id or NOBODY].append(row)
        for (monday, owner), rows in found.items():
            before = found.get((monday - timedelta(days=7), owner), [])
            year, week, _ = monday.isocalendar()
            team, manager = self._place_of(rows)
            result: MartRow = {
                "week_start": monday,
                "iso_year": year,
                "iso_week": week,
                "owner_id": owner,
                "manager_id": manager,
                "team": team,
            }
            for clause in SALES_CLAUSES:
                now, last = _statuses(rows, clause), _statuses(before, clause)
                result |= {
                    f"{clause}_due": now.total(),
                    f"{clause}_met": now["met"],
                    f"{clause}_breached": now["breached"],
                    f"{clause}_open": now["pending"],
                    f"{clause}_due_last_week": last.total(),
                    f"{clause}_met_last_week": last["met"],
                }
                result |= share(f"{clause}_rate", now["met"], now["met"] + now["breached"])
                result |= share(
                    f"{clause}_rate_last_week", last["met"], last["met"] + last["breached"]
                )
            result["machine_responses"] = sum(
                row.clause == "response" and _is_answered_by_machine(row.handoff) for row in rows
            )
            result["is_mature"] = all(row.status != "pending" for row in rows)
            yield result

    def _place_of(self, rows: list[Clause]) -> tuple[str | None, str | None]:
        """Team and manager by the newest version among the clauses; named ones go first."""
        handoffs = [row.handoff for row in rows if row.handoff is not None]
        newest = max((one.version for one in handoffs), key=lambda version: version.valid_from)
        owner = rows[0].owner_id
        places = [
            (
                roster_value(newest, one.owner_source, owner, "team"),
                roster_value(newest, one.owner_source, owner, "manager_id"),
            )
            for one in handoffs
            if one.version is newest
        ]
        return min(places, key=lambda place: [(name is None, name or "") for name in place])

    # -- what is open ----------------------------------------------------------------------

    def fct_open_clauses(self) -> Iterable[MartRow]:
        """At risk, or breached and not met since while the handoff goes on; most urgent first."""
        rows = [row for row in self.compliance.rows if self._is_open(row)]
        rows.sort(key=_urgency)
        for place, row in enumerate(rows, start=1):
            yield self._open_row(place, row)

    def _is_open(self, row: Clause) -> bool:
        handoff = row.handoff
        if handoff is None or row.party != "sales" or row.clause == "follow_up_before_rejection":
            return False
        if handoff.lead.is_deleted:
            return False
        if row.status == "pending":
            return row.at_risk
        if row.status != "breached" or row.met_at is not None:
            return False
        stage = (handoff.following[-1] if handoff.following else handoff.opening).to_stage
        return handoff.next_offered_at is None and stage in OPEN_STAGES

    def _open_row(self, place: int, row: Clause) -> MartRow:
        handoff = row.handoff
        assert handoff is not None
        assert row.due_at is not None
        assert row.started_at is not None
        version, source = handoff.version, handoff.owner_source
        now = self.agreement.judging(self.as_of)
        judged_manager = roster_value(version, source, row.owner_id, "manager_id")
        current = self.identity.owner_at(handoff.lead, self.as_of)
        rep = current or row.owner_id
        manager = looked_up(now, rep, "manager_id") or judged_manager
        above = looked_up(now, manager, "manager_id") if manager else None
        if row.status == "pending":
            level, told = "owner", rep
        elif self._is_long_overdue(row):
            level, told = "managers_manager", above or manager or rep
        else:
            level, told = "manager", manager or rep
        left = microseconds(row.due_at - self.as_of)
        return {
            "handoff_id": handoff.handoff_id,
            "lead_id": handoff.lead.lead_id,
            "clause": row.clause,
            "urgency": place,
            "status": row.status,
            "at_risk": row.at_risk,
            "started_at": row.started_at,
            "due_at": row.due_at,
            "hours_to_due": hours(left),
            "required": row.required,
            "actual": row.actual,
            "margin": row.margin,
            "owner_id": row.owner_id,
            "team": roster_value(version, source, row.owner_id, "team"),
            "manager_id": judged_manager,
            "tier": handoff.tier,
            "agreement_version": row.agreement_version,
            "current_stage": self.transitions[handoff.lead.lead_id][-1].to_stage,
            "current_owner_id": current,
            "escalation": level,
            "escalate_to_id": told,
        }

    def _is_long_overdue(self, row: Clause) -> bool:
        """Overdue for longer than the clause's own time, on the clock that it ran on."""
        assert row.due_at is not None
        assert row.started_at is not None
        if row.clause == "follow_up":
            return self.as_of - row.due_at > row.due_at - row.started_at
        assert row.actual is not None
        assert row.required is not None
        return row.actual - row.required > row.required

    # -- speed -----------------------------------------------------------------------------

    def agg_stage_velocity_monthly(self) -> Iterable[MartRow]:
        """Month, pair of stages, segment: moves of the month, and what became of its entries."""
        moved: dict[tuple[date, str, str, str], list[_Stay]] = defaultdict(list)
        entered: dict[tuple[date, str, str], list[_Stay]] = defaultdict(list)
        ways: dict[str, set[str]] = defaultdict(set)
        directions: dict[tuple[str, str], str] = {}
        for stay in self._stays():
            for segment in stay.segments:
                entered[self._month(stay.move.entered_at), segment, stay.stage].append(stay)
                if stay.following is not None:
                    month = self._month(stay.following.entered_at)
                    moved[month, segment, stay.stage, stay.following.to_stage].append(stay)
            if stay.following is not None:
                ways[stay.stage].add(stay.following.to_stage)
                directions[stay.stage, stay.following.to_stage] = stay.following.direction
        keys = set(moved)
        for month, segment, stage in entered:
            keys |= {(month, segment, stage, target) for target in ways[stage]}
        for month, segment, stage, target in keys:
            stays = moved.get((month, segment, stage, target), [])
            begun = entered.get((month, segment, stage), [])
            ended = [one.following for one in begun if one.following is not None]
            converted = sum(move.to_stage == target for move in ended)
            actors = Counter(one.following.actor_type for one in stays if one.following)
            spans = [one.span for one in stays]
            working = [self._working_span(one) for one in stays]
            yield {
                "month": month,
                "from_stage": stage,
                "to_stage": target,
                "segment": segment,
                "direction": directions[stage, target],
                "moves": len(stays),
                "moves_by_person": actors["human"],
                "moves_by_machine": actors["automation"],
                "median_hours": percentile_hours(spans, MEDIAN),
                "p90_hours": percentile_hours(spans, NINTH_DECILE),
                "median_business_hours": percentile_hours(working, MEDIAN),
                "p90_business_hours": percentile_hours(working, NINTH_DECILE),
                "stays_entered": len(begun),
                "stays_converted": converted,
                **share("conversion_rate", converted, len(begun)),
                "is_mature": len(ended) == len(begun),
            }

    def _stays(self) -> Iterable[_Stay]:
        for lead in self.identity.leads:
            moves = self.transitions.get(lead.lead_id, [])
            for place, move in enumerate(moves, start=1):
                following = moves[place] if place < len(moves) else None
                team = None
                for handoff in self.handoffs.by_lead[lead.lead_id]:
                    if move is handoff.opening or any(move is one for one in handoff.following):
                        team = team_at_offer(handoff)
                yield _Stay(move, following, ["all"] + ([f"team:{team}"] if team else []))

    def _working_span(self, stay: _Stay) -> int:
        """On the calendar of whoever owned the lead when the stay began."""
        move, lead = stay.move, stay.move.event.lead
        assert move.exited_at is not None
        owner = self.identity.owner_at(lead, move.entered_at)
        source = self.identity.owner_source(lead, move.entered_at)
        return move.version.calendar_of(source, owner).between(move.entered_at, move.exited_at)

    # -- age -------------------------------------------------------------------------------

    def agg_stage_aging(self) -> Iterable[MartRow]:
        """Open stage and segment: leads by how long they have been there, deleted ones apart."""
        now = self.agreement.judging(self.as_of)
        benchmark = next(
            (
                Decimal(row["value"])
                for row in now.tables["benchmarks"]
                if (row["metric"], row["kind"]) == ("stalled_share", "benchmark")
            ),
            None,
        )
        found: dict[tuple[str, str, str | None, str | None], list[Transition]] = defaultdict(list)
        for lead in self.identity.leads:
            moves = self.transitions.get(lead.lead_id, [])
            if lead.is_deleted or not moves or moves[-1].to_stage not in OPEN_STAGES:
                continue
            owner = self.identity.owner_at(lead, self.as_of)
            team = looked_up(now, owner, "team") if owner else None
            stage = moves[-1].to_stage
            found[stage, "all", None, None].append(moves[-1])
            found[stage, f"owner:{owner or NOBODY}", team, owner or NOBODY].append(moves[-1])
            if team:
                found[stage, f"team:{team}", team, None].append(moves[-1])
        for (stage, segment, team, owner_id), stays in found.items():
            bands = Counter(self._band(stay) for stay in stays)
            stalled = sum(self._is_stalled(stay) for stay in stays)
            yield {
                "stage": stage,
                "segment": segment,
                "team": team,
                "owner_id": owner_id,
                "open_leads": len(stays),
                "days_0_to_7": bands[7],
                "days_8_to_30": bands[30],
                "days_31_to_60": bands[60],
                "days_61_to_90": bands[90],
                "days_over_90": bands[None],
                "over_stall_limit": stalled,
                **share("stalled_share", stalled, len(stays)),
                "stalled_share_benchmark": benchmark if stage in ("sal", "sql") else None,
            }

    def _band(self, stay: Transition) -> int | None:
        """The most days of the band that an age is in; None beyond the last."""
        age = microseconds(self.as_of - stay.entered_at)
        return next((days for days in (7, 30, 60, 90) if age <= days * MICROSECONDS_PER_DAY), None)

    def _is_stalled(self, stay: Transition) -> bool:
        days = stay.version.number_threshold("stalled_lead", "stall_days", "90")
        return microseconds(self.as_of - stay.entered_at) > days * MICROSECONDS_PER_DAY

    # -- persistence -----------------------------------------------------------------------

    def agg_follow_up_monthly(self) -> Iterable[MartRow]:
        """Month of the offer, team, rep and tier: how persistently handoffs were followed up."""
        found: dict[tuple[date, str, str, str], list[Handoff]] = defaultdict(list)
        for handoff in self.handoffs.all():
            found[
                self._month(handoff.offered_at),
                team_at_offer(handoff) or NO_TEAM,
                handoff.owner_id or NOBODY,
                handoff.tier or NO_TEAM,
            ].append(handoff)
        for (month, team, owner, tier), handoffs in found.items():
            yield {
                "month": month,
                "team": team,
                "owner_id": owner,
                "tier": tier,
                **self._persistence(handoffs),
            }

    def _persistence(self, handoffs: list[Handoff]) -> dict[str, Any]:
        all_owed = [one for one in handoffs if _owes_follow_up(one)]
        owed = [one for one in all_owed if one.knows_touches]
        is_known = bool(owed) or not all_owed
        terms = [one.term("follow_up") for one in handoffs if one.agreement_version]
        made = [len(one.counted_touches) for one in owed]
        channels = [len({touch.channel for touch in one.counted_touches}) for one in owed]
        needed = [_promised(one) for one in owed]
        reached = sum(got >= want for got, (want, _) in zip(made, needed, strict=True))
        spread = sum(got >= want for got, (_, want) in zip(channels, needed, strict=True))
        touched = sum(count > 0 for count in made)
        narrow = sum(count == 1 for count in channels)
        gaps = [
            microseconds(after.occurred_at - before.occurred_at)
            for one in owed
            for before, after in pairwise(one.counted_touches)
        ]
        all_dropped = [one for one in handoffs if _is_dropped(one)]
        dropped = [
            _touches_before_drop(one) for one in all_dropped if one.knows_touches_before_exit
        ]
        is_drop_known = bool(dropped) or not all_dropped
        once = sum(len(touches) == 1 for touches in dropped)
        middle = percentile(made, MEDIAN)
        return {
            "handoffs": len(handoffs),
            "handoffs_owed": len(all_owed),
            "touches_unknown": len(all_owed) - len(owed),
            "touches_needed": _most(term.touches for term in terms if term),
            "channels_needed": _most(term.channels for term in terms if term),
            "touches": sum(made) if is_known else None,
            "mean_touches": rounded(sum(made), len(made)) if made else None,
            "median_touches": rounded(middle.numerator, middle.denominator) if middle else middle,
            "reached_touches": reached if is_known else None,
            **share("reached_touches_rate", reached, len(owed)),
            "reached_channels": spread if is_known else None,
            **share("reached_channels_rate", spread, len(owed)),
            "sql_by_person_before": sum(
                _is_taken_to_sql_by_person(one) and got < want
                for one, got, (want, _) in zip(owed, made, needed, strict=True)
            )
            if is_known
            else None,
            "touched": touched if is_known else None,
            "one_channel_only": narrow if is_known else None,
            **share("one_channel_only_rate", narrow, touched),
            "dropped": len(all_dropped),
            "dropped_touches_unknown": len(all_dropped) - len(dropped),
            "dropped_untouched": (
                sum(not touches for touches in dropped) if is_drop_known else None
            ),
            "dropped_on_one_channel": (
                sum(len(touches) > 1 and len(set(touches)) == 1 for touches in dropped)
                if is_drop_known
                else None
            ),
            "dropped_after_one_touch": once if is_drop_known else None,
            **share("dropped_after_one_touch_rate", once, len(dropped)),
            "median_hours_between_touches": percentile_hours(gaps, MEDIAN),
            "is_mature": not any(self._is_running(one) for one in handoffs),
        }

    def _is_running(self, handoff: Handoff) -> bool:
        clause = self.compliance.by_handoff.get((handoff.handoff_id, "follow_up"))
        return handoff.outcome == "pending" or (clause is not None and clause.status == "pending")


@dataclass(frozen=True)
class _Stay:
    """A stay in a stage, from the move into it to the one out of it."""

    move: Transition
    following: Transition | None
    segments: list[str] = field(default_factory=list)

    @property
    def stage(self) -> str:
        return self.move.to_stage

    @property
    def span(self) -> int:
        assert self.following is not None
        return microseconds(self.following.entered_at - self.move.entered_at)


def _statuses(rows: Sequence[Clause], clause: str) -> Counter[str]:
    return Counter(row.status for row in rows if row.clause == clause)


def _is_answered_by_machine(handoff: Handoff | None) -> bool:
    response = handoff.response if handoff else None
    return response is not None and response.actor_type == "automation"


def _urgency(row: Clause) -> tuple[bool, datetime, str, str]:
    assert row.handoff is not None
    assert row.due_at is not None
    return (not row.at_risk, row.due_at, row.handoff.handoff_id, row.clause)


def _is_excused(handoff: Handoff) -> bool:
    """Sent off by someone, for a reason that needs no follow-up."""
    rejection = handoff.rejection
    return (
        rejection is not None
        and rejection.actor_type != "automation"
        and not handoff.version.needs_follow_up(handoff.reason)
    )


def _owes_follow_up(handoff: Handoff) -> bool:
    if handoff.agreement_version is None or handoff.term("follow_up") is None:
        return False
    if handoff.outcome not in ("accepted", "rejected") or _is_excused(handoff):
        return False
    return handoff.is_accepted or not _is_answered_by_machine(handoff)


def _promised(handoff: Handoff) -> tuple[int, int]:
    term = handoff.term("follow_up")
    assert term is not None
    return term.touches or 0, term.channels or 0


def _is_dropped(handoff: Handoff) -> bool:
    rejection = handoff.rejection
    return (
        rejection is not None and rejection.actor_type != "automation" and not _is_excused(handoff)
    )


def _touches_before_drop(handoff: Handoff) -> list[str]:
    """The channels of the touches before the rejection."""
    assert handoff.rejection is not None
    return [touch.channel for touch in handoff.touches_until(handoff.rejection)]


def _is_taken_to_sql_by_person(handoff: Handoff) -> bool:
    move = handoff.first_into({"sql"})
    return move is not None and move.actor_type == "human"


def _most(values: Iterable[int | None]) -> int | None:
    return max((value for value in values if value is not None), default=None)


SHEETS: dict[str, Callable[[Sheets], Iterable[MartRow]]] = {
    "agg_sla_weekly": Sheets.agg_sla_weekly,
    "fct_open_clauses": Sheets.fct_open_clauses,
    "agg_stage_velocity_monthly": Sheets.agg_stage_velocity_monthly,
    "agg_stage_aging": Sheets.agg_stage_aging,
    "agg_follow_up_monthly": Sheets.agg_follow_up_monthly,
}
"""Each sheet by the name of its mart."""
