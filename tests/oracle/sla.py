"""The clauses of the agreement, one row per handoff and clause, and volume per period."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from tests.oracle.agreement import CLOSED_STAGES, Row, Version
from tests.oracle.delivery import Delivery
from tests.oracle.handoffs import RESPONSE_STAGES, Handoff, Handoffs
from tests.oracle.identity import Identity
from tests.oracle.transitions import Transition
from tests.oracle.values import (
    MICROSECONDS_PER_DAY,
    MICROSECONDS_PER_HOUR,
    first_instant_of_day,
    microseconds,
    quantized,
    rounded,
)

PARTIES = {"definition": "marketing", "volume": "marketing"}


@dataclass
class Clause:
    """One row of compliance; required, actual and margin are in the clause's own unit."""

    clause: str
    handoff: Handoff | None
    owner_id: str | None = None
    started_at: datetime | None = None
    due_at: datetime | None = None
    met_at: datetime | None = None
    status: str = "not_applicable"
    because: str | None = None
    is_excused: bool = False
    at_risk: bool = False
    required: Decimal | None = None
    actual: Decimal | None = None
    margin: Decimal | None = None
    period_start: date | None = None
    segment: str | None = None
    agreement_version: str | None = None

    @property
    def party(self) -> str:
        return PARTIES.get(self.clause, "sales")


class Compliance:
    """Judges every clause of every handoff as it stands at as_of."""

    def __init__(
        self, handoffs: Handoffs, identity: Identity, delivery: Delivery, as_of: datetime
    ) -> None:
        self.handoffs = handoffs
        self.identity = identity
        self.delivery = delivery
        self.as_of = as_of
        self.agreement = handoffs.agreement
        self.rows: list[Clause] = []
        self.by_handoff: dict[tuple[str, str], Clause] = {}
        for handoff in handoffs.all():
            if handoff.agreement_version is None:
                # Offered before there was an agreement: nothing was promised.
                continue
            for name in handoff.version.clauses:
                row = self._judge(handoff, name)
                row.agreement_version = handoff.agreement_version
                self.rows.append(row)
                self.by_handoff[handoff.handoff_id, name] = row
        self.rows += self._volume()

    def _judge(self, handoff: Handoff, name: str) -> Clause:
        judge = {
            "response": self._response,
            "first_touch": self._first_touch,
            "follow_up": self._follow_up,
            "follow_up_before_rejection": self._follow_up_before_rejection,
            "decision": self._decision,
            "no_stall": self._no_stall,
            "definition": self._definition,
        }[name]
        row = Clause(name, handoff, handoff.owner_id)
        if handoff.term(name) is not None:
            judge(handoff, row)
        if row.status == "not_applicable":
            row.because = self._why_not(handoff, row)
        if row.because == "not_delivered":
            # Whether it was kept nobody knows.
            row.met_at = None
        return row

    def _why_not(self, handoff: Handoff, row: Clause) -> str:
        """Why a clause is not applicable: the first reason that holds."""
        if row.started_at is None or row.due_at is None:
            return "not_started"
        if _is_by(row.met_at, row.due_at):
            return "not_delivered"
        if self._is_closed_by_machine(handoff, row):
            return "by_machine"
        if handoff.next_offered_at is not None and row.due_at >= handoff.next_offered_at:
            return "superseded"
        return "excused" if row.is_excused else "not_delivered"

    def _knows(self, handoff: Handoff, row: Clause) -> bool:
        """Whether all that a clause needs was delivered from the offer to its due time.

        Reasons are needed where a person's exit could be excused by one.
        """
        offered, due, version = handoff.offered_at, row.due_at, handoff.version
        if due is None:
            return True
        if row.clause == "definition":
            return handoff.met_definition is not None
        if row.clause == "no_stall":
            return self.delivery.knows_stays(version, offered, due)
        if row.clause in ("first_touch", "follow_up", "follow_up_before_rejection"):
            exit_move = handoff.rejection
            if row.clause == "follow_up":
                exit_move = handoff.sent_back
                if exit_move is not None and exit_move.entered_at >= due:
                    exit_move = None
            could_be_excused = (
                row.clause != "first_touch"
                and exit_move is not None
                and exit_move.actor_type != "automation"
            )
            return self.delivery.knows_touches_until(handoff, due) and (
                not could_be_excused or self.delivery.covers("reasons", version, offered, due)
            )
        return True

    @staticmethod
    def _is_closed_by_machine(handoff: Handoff, row: Clause) -> bool:
        """Whether an automation closed the lead while the clause ran.

        For the follow-ups before a rejection the rejection itself is what an automation made.
        """
        if row.started_at is None or row.due_at is None:
            return False
        if row.clause == "follow_up_before_rejection":
            rejection = handoff.rejection
            if rejection is not None and rejection.actor_type == "automation":
                return True
        return any(
            move.actor_type == "automation"
            and move.to_stage in CLOSED_STAGES
            and row.started_at <= move.entered_at < row.due_at
            for move in handoff.following
        )

    # -- shared ----------------------------------------------------------------------------

    def _settle(self, row: Clause, is_met: bool) -> None:
        """Status of a clause that has started: met, breached, pending, or nobody's to keep."""
        handoff = row.handoff
        if row.due_at is None or (handoff is not None and not self._knows(handoff, row)):
            row.status = "not_applicable"
        elif is_met:
            row.status = "met"
        elif handoff is not None and (
            row.is_excused
            or self._is_closed_by_machine(handoff, row)
            or (handoff.next_offered_at is not None and row.due_at >= handoff.next_offered_at)
        ):
            row.status = "not_applicable"
        elif self.as_of > row.due_at:
            row.status = "breached"
        else:
            row.status = "pending"
            version = handoff.version if handoff else self.agreement.judging(row.due_at)
            warning = Decimal(version.row["warning_hours"] or 0)
            row.at_risk = row.due_at <= self.as_of + timedelta(hours=float(warning))

    def _measure_time(self, row: Clause, handoff: Handoff) -> None:
        """Time allowed and used from the start to met_at or as_of; nothing where not applicable."""
        term = handoff.term(row.clause)
        if row.status == "not_applicable" or row.started_at is None or term is None:
            return
        if term.due_in is None:
            return
        end = row.met_at or self.as_of
        if term.due_unit == "business_hours":
            calendar = handoff.version.calendar_of(handoff.owner_source, row.owner_id)
            unit, used = MICROSECONDS_PER_HOUR, calendar.between(row.started_at, end)
        else:
            unit, used = MICROSECONDS_PER_DAY, max(microseconds(end - row.started_at), 0)
        # Each is exact until it is stored, so margin need not be the difference of what is stored.
        row.required = quantized(term.due_in)
        row.actual = rounded(used, unit)
        row.margin = quantized(term.due_in - Decimal(used) / unit)

    def _measure_count(self, row: Clause, required: int, actual: int) -> None:
        if row.status == "not_applicable":
            return
        row.required, row.actual = Decimal(required), Decimal(actual)
        row.margin = row.actual - row.required

    def _start(self, row: Clause, handoff: Handoff, at: datetime) -> None:
        """Start a clause: its owner is the lead's at the start, on whose calendar it runs."""
        row.started_at = at
        row.owner_id = self.identity.owner_at(handoff.lead, at)
        term = handoff.term(row.clause)
        if term is not None:
            row.due_at = self.handoffs.due(handoff, term, at, row.owner_id)

    # -- clauses ---------------------------------------------------------------------------

    def _response(self, handoff: Handoff, row: Clause) -> None:
        """Met by the first response that no automation made, be it the first of all or not."""
        row.started_at = handoff.response_started_at
        row.owner_id = handoff.response_owner_id
        row.due_at = handoff.response_due_at
        for move in handoff.following:
            if move.to_stage in RESPONSE_STAGES and move.actor_type != "automation":
                row.met_at = move.entered_at
                break
        self._settle(row, _is_by(row.met_at, row.due_at))
        self._measure_time(row, handoff)

    def _first_touch(self, handoff: Handoff, row: Clause) -> None:
        if handoff.accepted_at is None:
            return
        self._start(row, handoff, handoff.accepted_at)
        if handoff.counted_touches:
            row.met_at = handoff.counted_touches[0].occurred_at
        self._settle(row, _is_by(row.met_at, row.due_at))
        self._measure_time(row, handoff)

    def _follow_up(self, handoff: Handoff, row: Clause) -> None:
        """Enough touches over enough channels, or sql reached by a human, whichever is first.

        A send-back before it is due, for a reason that needs no follow-up, excuses what is missing.
        """
        if handoff.accepted_at is None:
            return
        self._start(row, handoff, handoff.accepted_at)
        term = handoff.term("follow_up")
        assert term is not None
        needed, channels = term.touches or 0, term.channels or 0
        row.met_at = _when_reached(handoff, needed, channels)
        for move in handoff.following:
            if move.to_stage == "sql" and move.actor_type == "human":
                if row.met_at is None or move.entered_at < row.met_at:
                    row.met_at = move.entered_at
                break
        is_met = _is_by(row.met_at, row.due_at)
        sent_back = handoff.sent_back
        row.is_excused = (
            sent_back is not None
            and row.due_at is not None
            and sent_back.entered_at < row.due_at
            and sent_back.actor_type != "automation"
            and not handoff.version.needs_follow_up(handoff.reason)
        )
        self._settle(row, is_met)
        if row.due_at is not None:
            self._measure_count(row, needed, len(handoff.touches_until(row.due_at)))

    def _follow_up_before_rejection(self, handoff: Handoff, row: Clause) -> None:
        rejection = handoff.rejection
        if rejection is None:
            return
        row.started_at = handoff.offered_at
        row.due_at = rejection.entered_at
        if rejection.actor_type == "automation":
            return
        if not handoff.version.needs_follow_up(handoff.reason):
            row.is_excused = True
            return
        term = handoff.term("follow_up_before_rejection")
        assert term is not None
        needed = term.touches or 0
        made = handoff.touches_until(rejection.entered_at)
        if len(made) >= needed:
            row.met_at = made[needed - 1].occurred_at if needed else handoff.offered_at
        self._settle(row, len(made) >= needed)
        self._measure_count(row, needed, len(made))

    def _decision(self, handoff: Handoff, row: Clause) -> None:
        sal = handoff.first_sal
        if sal is None:
            return
        self._start(row, handoff, sal.entered_at)
        decision = handoff.decision()
        row.met_at = decision.entered_at if decision else None
        self._settle(row, _is_by(row.met_at, row.due_at))
        self._measure_time(row, handoff)

    def _no_stall(self, handoff: Handoff, row: Clause) -> None:
        """Of the stays in sal and sql: the first that outlasted its time, the running, the last."""
        stays = [move for move in handoff.following if move.to_stage in ("sal", "sql")]
        if not stays:
            return

        def judged(stay: Transition) -> Clause:
            result = Clause("no_stall", handoff)
            self._start(result, handoff, stay.entered_at)
            result.met_at = stay.exited_at
            self._settle(result, _is_by(result.met_at, result.due_at))
            self._measure_time(result, handoff)
            return result

        rows = [judged(stay) for stay in stays]
        outlasted = [one for one in rows if one.met_at and one.due_at and one.met_at > one.due_at]
        running = [one for one in rows if one.met_at is None]
        chosen = (outlasted + running + rows[-1:])[0]
        for name in vars(chosen):
            setattr(row, name, getattr(chosen, name))

    def _definition(self, handoff: Handoff, row: Clause) -> None:
        row.started_at = row.due_at = handoff.offered_at
        row.met_at = handoff.offered_at if handoff.meets_definition else None
        self._settle(row, handoff.meets_definition)
        if row.status == "not_applicable":
            return
        row.actual = Decimal(handoff.attributes_met)
        if handoff.version.minimum_attributes:
            row.required = Decimal(handoff.version.minimum_attributes)
            row.margin = row.actual - row.required

    # -- volume ----------------------------------------------------------------------------

    def _volume(self) -> list[Clause]:
        """A row per commitment and period that starts under a version and before as_of.

        Choice: periods before the company's first stage event promise nothing and have no row.
        """
        first_event = min(
            (e.occurred_at for events in self.handoffs.events.events.values() for e in events),
            default=None,
        )
        if first_event is None:
            return []
        rows = []
        for kind in ("month", "quarter"):
            zone = self.agreement.judging(first_event).zone
            period = _period_start(first_event.astimezone(zone).date(), kind)
            while True:
                zone = self.agreement.of_day(period).zone
                start = first_instant_of_day(period, zone)
                if start >= self.as_of:
                    break
                following = _next_period(period, kind)
                version = self.agreement.in_force(start)
                if version is not None:
                    for line in version.tables["commitments"]:
                        named = line.get("month") or f"{period:%Y-%m}"
                        if line["period_kind"] == kind and named == f"{period:%Y-%m}":
                            rows.append(self._volume_row(version, line, period, following, zone))
                period = following
        return rows

    def _volume_row(
        self, version: Version, line: Row, period: date, following: date, zone: ZoneInfo
    ) -> Clause:
        start = first_instant_of_day(period, zone).astimezone(UTC)
        end = first_instant_of_day(following, zone).astimezone(UTC)
        delivered = [
            handoff
            for handoff in self.handoffs.all()
            if start <= handoff.offered_at < end and self._is_in_segment(handoff, line["segment"])
        ]
        qualified = sorted(one.offered_at for one in delivered if one.met_definition)
        unknown = sum(one.met_definition is None for one in delivered)
        needed = int(line["qualified_handoffs"])
        row = Clause(
            "volume",
            None,
            started_at=start,
            due_at=end,
            period_start=period,
            segment=line["segment"],
            agreement_version=version.name,
        )
        if needed == 0:
            row.met_at = start
        elif len(qualified) >= needed:
            row.met_at = qualified[needed - 1]
        if row.met_at is None and len(qualified) + unknown >= needed:
            # Those of whom nobody knows whether they met the definition could decide it.
            row.because = "not_delivered"
            return row
        self._settle(row, row.met_at is not None)
        self._measure_count(row, needed, len(qualified))
        return row

    def _is_in_segment(self, handoff: Handoff, segment: str) -> bool:
        from tests.oracle.rows import lead_source_of

        if segment == "all":
            return True
        kind, _, value = segment.partition(":")
        if kind == "tier":
            return handoff.tier == value
        return lead_source_of(self.identity, handoff.lead) == value


def _is_by(met_at: datetime | None, due_at: datetime | None) -> bool:
    return met_at is not None and due_at is not None and met_at <= due_at


def _when_reached(handoff: Handoff, needed: int, channels: int) -> datetime | None:
    """The first moment at which number and distinct channels of touches are both reached."""
    if needed == 0 and channels == 0:
        return handoff.offered_at
    seen: set[str] = set()
    for count, touch in enumerate(handoff.counted_touches, start=1):
        seen.add(touch.channel)
        if count >= needed and len(seen) >= channels:
            return touch.occurred_at
    return None


def _period_start(day: date, kind: str) -> date:
    month = day.month if kind == "month" else (day.month - 1) // 3 * 3 + 1
    return date(day.year, month, 1)


def _next_period(start: date, kind: str) -> date:
    month = start.month + (1 if kind == "month" else 3)
    return date(start.year + (month > 12), (month - 1) % 12 + 1, 1)
