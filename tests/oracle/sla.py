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
from tests.oracle.touches import Touch
from tests.oracle.transitions import Transition
from tests.oracle.values import (
    MICROSECONDS_PER_DAY,
    MICROSECONDS_PER_HOUR,
    first_instant_of_day,
    microseconds,
    quantized,
    rounded,
    second_of,
)

_Touched = tuple[datetime, Touch]
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
    is_surely_excused: bool = False
    is_met: bool = False
    is_undecided: bool = False
    """Whether it was met depends on the moment of something that tells no time of day."""
    starts: tuple[datetime, datetime] | None = None
    """The first and the last moment at which it may have started; due_at follows from the last."""
    due_earliest: datetime | None = None
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
        if not row.is_met:
            if self._is_closed_by_machine(handoff, row, surely=True):
                return "by_machine"
            if self._is_superseded(handoff, row, surely=True):
                return "superseded"
            if row.is_surely_excused:
                return "excused"
        return "no_time_of_day" if self._knows(handoff, row) else "not_delivered"

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
                if exit_move is not None and exit_move.earliest_at >= due:
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
    def _is_superseded(handoff: Handoff, row: Clause, *, surely: bool) -> bool:
        """Whether the next handoff opened before it was due; surely: whatever the moments were."""
        following = handoff.next_opening
        if following is None or row.due_at is None:
            return False
        if surely:
            return (row.due_earliest or row.due_at) >= following.latest_at
        return row.due_at >= following.earliest_at

    @staticmethod
    def _is_closed_by_machine(handoff: Handoff, row: Clause, *, surely: bool) -> bool:
        """Whether an automation closed the lead while the clause ran.

        For the follow-ups before a rejection the rejection itself is what an automation made.
        """
        if row.started_at is None or row.due_at is None:
            return False
        if row.clause == "follow_up_before_rejection":
            rejection = handoff.rejection
            if rejection is not None and rejection.actor_type == "automation":
                return True
        first, last = row.starts or (row.started_at, row.started_at)
        due_earliest = row.due_earliest or row.due_at
        closings = [
            move
            for move in handoff.following
            if move.actor_type == "automation" and move.to_stage in CLOSED_STAGES
        ]
        if surely:
            return any(last <= m.earliest_at and m.latest_at < due_earliest for m in closings)
        return any(first <= m.latest_at and m.earliest_at < row.due_at for m in closings)

    # -- shared ----------------------------------------------------------------------------

    def _settle(self, row: Clause, is_met: bool, is_surely_met: bool | None = None) -> None:
        """Status of a clause that has started: met, breached, pending, or nobody's to keep.

        Where it was met at some moments of a day and not at others, nobody can tell.
        """
        handoff = row.handoff
        row.is_met = is_met
        if row.due_at is None or (handoff is not None and not self._knows(handoff, row)):
            row.status = "not_applicable"
        elif is_met:
            row.is_undecided = is_surely_met is False
            row.status = "not_applicable" if row.is_undecided else "met"
        elif handoff is not None and (
            row.is_excused
            or self._is_closed_by_machine(handoff, row, surely=False)
            or self._is_superseded(handoff, row, surely=False)
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

    def _start(self, row: Clause, handoff: Handoff, move: Transition) -> None:
        """Start a clause: its owner is the lead's at the start, on whose calendar it runs.

        Of a move that tells a day alone it falls due when the last moment of the day says.
        """
        row.started_at = move.entered_at
        row.starts = (move.earliest_at, move.latest_at)
        row.owner_id = self.identity.owner_at(handoff.lead, move.entered_at)
        term = handoff.term(row.clause)
        if term is not None:
            due = self.handoffs.due
            row.due_at = due(handoff, term, move.latest_at, row.owner_id)
            row.due_earliest = due(handoff, term, move.earliest_at, row.owner_id)

    # -- clauses ---------------------------------------------------------------------------

    def _response(self, handoff: Handoff, row: Clause) -> None:
        """Met by the first response that no automation made, be it the first of all or not."""
        row.started_at = handoff.response_started_at
        row.owner_id = handoff.response_owner_id
        row.due_at = handoff.response_due_at
        row.due_earliest = handoff.response_due_earliest
        if row.started_at == handoff.offered_at:
            row.starts = (handoff.opening.earliest_at, handoff.opening.latest_at)
        answers = [
            move
            for move in handoff.following
            if move.to_stage in RESPONSE_STAGES and move.actor_type != "automation"
        ]
        self._settle_by_move(row, answers[0] if answers else None)
        self._measure_time(row, handoff)

    def _settle_by_move(self, row: Clause, move: Transition | None) -> None:
        """Status of a clause that a move meets."""
        row.met_at = move.entered_at if move else None
        self._settle(
            row,
            _is_by(move.earliest_at if move else None, row.due_at),
            _is_by(move.latest_at if move else None, row.due_earliest),
        )

    def _first_touch(self, handoff: Handoff, row: Clause) -> None:
        if not handoff.is_accepted or handoff.response is None:
            return
        self._start(row, handoff, handoff.response)
        possible, sure = _touches(handoff)
        row.met_at = possible[0][0] if possible else None
        surely_met_at = sure[0][0] if sure else None
        self._settle(row, _is_by(row.met_at, row.due_at), _is_by(surely_met_at, row.due_earliest))
        self._measure_time(row, handoff)

    def _follow_up(self, handoff: Handoff, row: Clause) -> None:
        """Enough touches over enough channels, or sql reached by a human, whichever is first.

        A send-back before it is due, for a reason that needs no follow-up, excuses what is missing.
        """
        if not handoff.is_accepted or handoff.response is None:
            return
        self._start(row, handoff, handoff.response)
        term = handoff.term("follow_up")
        assert term is not None
        needed, channels = term.touches or 0, term.channels or 0
        possible, sure = _touches(handoff)
        met = [_when_reached(handoff, possible, needed, channels)]
        surely_met = [_when_reached(handoff, sure, needed, channels)]
        for move in handoff.following:
            if move.to_stage == "sql" and move.actor_type == "human":
                met.append(move.earliest_at)
                surely_met.append(move.latest_at)
                break
        row.met_at = min((at for at in met if at is not None), default=None)
        surely_met_at = min((at for at in surely_met if at is not None), default=None)
        sent_back = handoff.sent_back
        if (
            sent_back is not None
            and row.due_at is not None
            and row.due_earliest is not None
            and sent_back.actor_type != "automation"
            and not handoff.version.needs_follow_up(handoff.reason)
        ):
            row.is_excused = sent_back.earliest_at < row.due_at
            row.is_surely_excused = sent_back.latest_at < row.due_earliest
        self._settle(row, _is_by(row.met_at, row.due_at), _is_by(surely_met_at, row.due_earliest))
        if row.due_at is not None:
            last = second_of(row.due_at)
            made = sum(second_of(at) <= last for at, _ in possible)
            self._measure_count(row, needed, made)

    def _follow_up_before_rejection(self, handoff: Handoff, row: Clause) -> None:
        rejection = handoff.rejection
        if rejection is None:
            return
        row.started_at = handoff.offered_at
        row.starts = (handoff.opening.earliest_at, handoff.opening.latest_at)
        row.due_at, row.due_earliest = rejection.entered_at, rejection.earliest_at
        if rejection.actor_type == "automation":
            return
        if not handoff.version.needs_follow_up(handoff.reason):
            row.is_excused = row.is_surely_excused = True
            return
        term = handoff.term("follow_up_before_rejection")
        assert term is not None
        needed = term.touches or 0
        possible, sure = _touches(handoff)
        made = [at for at, _ in possible if second_of(at) <= second_of(rejection.latest_at)]
        surely_made = [at for at, _ in sure if second_of(at) <= second_of(rejection.earliest_at)]
        if len(made) >= needed:
            row.met_at = made[needed - 1] if needed else handoff.offered_at
        self._settle(row, len(made) >= needed, len(surely_made) >= needed)
        self._measure_count(row, needed, len(made))

    def _decision(self, handoff: Handoff, row: Clause) -> None:
        sal = handoff.first_sal
        if sal is None:
            return
        self._start(row, handoff, sal)
        self._settle_by_move(row, handoff.decision())
        self._measure_time(row, handoff)

    def _no_stall(self, handoff: Handoff, row: Clause) -> None:
        """Of the stays in sal and sql: the first that outlasted its time, the running, the last.

        Before the last comes one of which nobody can tell.
        """
        stays = [move for move in handoff.following if move.to_stage in ("sal", "sql")]
        if not stays:
            return

        def judged(stay: Transition) -> Clause:
            result = Clause("no_stall", handoff)
            self._start(result, handoff, stay)
            self._settle_by_move(result, self.handoffs.move_after(stay))
            self._measure_time(result, handoff)
            return result

        rows = [judged(stay) for stay in stays]
        exits = [self.handoffs.move_after(stay) for stay in stays]
        left = [(one, move) for one, move in zip(rows, exits, strict=True) if move and one.due_at]
        outlasted = [one for one, move in left if one.due_at and move.earliest_at > one.due_at]
        undecided = [
            one for one, move in left if one.due_earliest and move.latest_at > one.due_earliest
        ]
        running = [one for one in rows if one.met_at is None]
        chosen = (outlasted + running + undecided + rows[-1:])[0]
        for name in vars(chosen):
            setattr(row, name, getattr(chosen, name))

    def _definition(self, handoff: Handoff, row: Clause) -> None:
        row.started_at = row.due_at = handoff.offered_at
        row.met_at = handoff.offered_at if handoff.meets_definition else None
        is_open = handoff.is_definition_open
        self._settle(
            row, handoff.meets_definition or is_open, handoff.meets_definition and not is_open
        )
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


def _touches(handoff: Handoff) -> tuple[list[_Touched], list[_Touched]]:
    """When a handoff's touches may have been at the earliest, and when the sure ones were."""
    possible = [(handoff.earliest_of(touch), touch) for touch in handoff.possible_touches]
    sure = [
        (touch.latest if touch.day else touch.occurred_at, touch)
        for touch in handoff.possible_touches
        if handoff.is_sure(touch)
    ]
    return tuple(  # type: ignore[return-value]
        sorted(found, key=lambda one: (one[0], one[1].touch_id)) for found in (possible, sure)
    )


def _when_reached(
    handoff: Handoff, touches: list[_Touched], needed: int, channels: int
) -> datetime | None:
    """The first moment at which number and distinct channels of touches are both reached."""
    if needed == 0 and channels == 0:
        return handoff.offered_at
    seen: set[str] = set()
    for count, (at, touch) in enumerate(touches, start=1):
        seen.add(touch.channel)
        if count >= needed and len(seen) >= channels:
            return at
    return None


def _period_start(day: date, kind: str) -> date:
    month = day.month if kind == "month" else (day.month - 1) // 3 * 3 + 1
    return date(day.year, month, 1)


def _next_period(start: date, kind: str) -> date:
    month = start.month + (1 if kind == "month" else 3)
    return date(start.year + (month > 12), (month - 1) % 12 + 1, 1)
