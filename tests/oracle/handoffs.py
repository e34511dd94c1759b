"""Handoffs: what was offered to whom, how it was answered, and what followed."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import pairwise

from tests.oracle.agreement import BLANK_ATTRIBUTE_VALUES, Term, Version
from tests.oracle.company import Company
from tests.oracle.identity import Identity, Lead
from tests.oracle.stage_events import Opportunity, StageEvents
from tests.oracle.touches import Touch, Touches
from tests.oracle.transitions import Transition
from tests.oracle.values import expand_salesforce_id, parse_boolean, parse_number, second_of

RESPONSE_STAGES = frozenset({"sal", "sql", "won", "rejected", "recycled", "disqualified", "lost"})
ACCEPTING_STAGES = frozenset({"sal", "sql", "won"})
SENT_BACK_STAGES = frozenset({"rejected", "recycled", "disqualified"})
DECIDING_STAGES = frozenset({"sql", "won", "rejected", "recycled", "disqualified"})


@dataclass
class Leg:
    """One owner's share of the time until the response; to_at is null while it lasts."""

    number: int
    owner_id: str | None
    from_at: datetime
    to_at: datetime | None
    business_microseconds: int
    responded: bool


@dataclass
class Handoff:
    """One handoff with everything that it owns until the lead's next one opens."""

    lead: Lead
    opening: Transition
    following: list[Transition]
    next_offered_at: datetime | None
    number: int
    version: Version
    agreement_version: str | None
    owner_source: str | None = None
    owner_id: str | None = None
    score: Decimal | None = None
    fit_score: Decimal | None = None
    engagement_score: Decimal | None = None
    attributes_met: int = 0
    meets_definition: bool = False
    met_definition: bool | None = False
    is_definition_open: bool = False
    """Whether it was met at one moment of the offer's day and not at another."""
    tier: str | None = None
    response_started_at: datetime | None = None
    response_owner_id: str | None = None
    response_due_at: datetime | None = None
    response_due_earliest: datetime | None = None
    outcome: str = "pending"
    response: Transition | None = None
    expiry: Transition | None = None
    sent_back: Transition | None = None
    expired: bool = False
    accepted_by_owner: bool | None = None
    reason: str | None = None
    family: str | None = None
    transfers: list[tuple[datetime, str]] = field(default_factory=list)
    legs: list[Leg] = field(default_factory=list)
    touches: list[Touch] = field(default_factory=list)
    possible_touches: list[Touch] = field(default_factory=list)
    """Those that may belong to it: of some days nobody knows whether they came before its ends."""
    next_opening: Transition | None = None
    opportunity: Opportunity | None = None
    campaign_id: str | None = None
    touch_dues: list[datetime] = field(default_factory=list)
    knows_touches: bool = True
    knows_touches_before_exit: bool = True

    @property
    def handoff_id(self) -> str:
        return self.opening.transition_id

    @property
    def offered_at(self) -> datetime:
        return self.opening.entered_at

    @property
    def is_accepted(self) -> bool:
        return self.outcome == "accepted"

    @property
    def accepted_at(self) -> datetime | None:
        return self.response.entered_at if self.response and self.is_accepted else None

    @property
    def rejection(self) -> Transition | None:
        """The rejection that clauses and reasons judge: before acceptance, else the send-back."""
        if self.outcome == "rejected":
            return self.response
        return self.sent_back

    @property
    def counted_touches(self) -> list[Touch]:
        """Touches without a user count for no clause."""
        return [touch for touch in self.touches if touch.user_id is not None]

    def touches_until(self, move: Transition) -> list[Touch]:
        """Those that may lie before a move, what happened in its second included."""
        last = second_of(move.latest_at)
        return [touch for touch in self.counted_touches if touch.earliest <= last]

    def is_sure(self, touch: Touch) -> bool:
        """Whether a touch belongs to it whatever the moments of days without a time were."""
        after = touch.earliest >= second_of(self.opening.latest_at)
        following = self.next_opening
        return after and (following is None or touch.latest < second_of(following.earliest_at))

    def earliest_of(self, touch: Touch) -> datetime:
        """The first moment at which a touch of it may have been."""
        at = touch.earliest if touch.day else touch.occurred_at
        return max(at, self.opening.earliest_at) if touch.day else at

    def first_into(self, stages: frozenset[str] | set[str]) -> Transition | None:
        return next((move for move in self.following if move.to_stage in stages), None)

    @property
    def first_sal(self) -> Transition | None:
        return self.first_into({"sal"})

    def term(self, clause: str) -> Term | None:
        return self.version.terms.get((self.tier or "", clause))

    def decision(self) -> Transition | None:
        """The first move after sal that a human made into a stage that decides."""
        sal = self.first_sal
        if sal is None:
            return None
        for move in self.following[self.following.index(sal) + 1 :]:
            if move.to_stage in DECIDING_STAGES and move.actor_type == "human":
                return move
        return None


class Handoffs:
    """All handoffs of all leads."""

    def __init__(
        self,
        company: Company,
        identity: Identity,
        events: StageEvents,
        transitions: dict[str, list[Transition]],
        touches: Touches,
    ) -> None:
        self.company = company
        self.identity = identity
        self.agreement = company.agreement
        self.events = events
        self.touches = touches
        self.transitions = transitions
        self.by_lead: dict[str, list[Handoff]] = {}
        self._campaigns = self._campaign_memberships()
        for lead in identity.leads:
            moves = transitions.get(lead.lead_id, [])
            self.by_lead[lead.lead_id] = self._of_lead(lead, moves)

    def move_after(self, move: Transition) -> Transition | None:
        """The lead's next move."""
        moves = self.transitions[move.event.lead.lead_id]
        return next((one for one in moves if one.number == move.number + 1), None)

    def all(self) -> list[Handoff]:
        return [handoff for handoffs in self.by_lead.values() for handoff in handoffs]

    def _of_lead(self, lead: Lead, moves: list[Transition]) -> list[Handoff]:
        places = [
            place
            for place, move in enumerate(moves)
            if move.to_stage == self.agreement.judging(move.entered_at).handoff_stage
        ]
        handoffs: list[Handoff] = []
        numbers: dict[int, int] = {}
        for index, place in enumerate(places):
            opening = moves[place]
            end = places[index + 1] if index + 1 < len(places) else None
            journey = opening.journey_number
            numbers[journey] = numbers.get(journey, 0) + 1
            in_force = self.agreement.in_force(opening.entered_at)
            handoffs.append(
                Handoff(
                    lead,
                    opening,
                    moves[place + 1 : end],
                    moves[end].entered_at if end is not None else None,
                    numbers[journey],
                    self.agreement.judging(opening.entered_at),
                    in_force.name if in_force else None,
                    next_opening=moves[end] if end is not None else None,
                )
            )
        self._give_touches(lead, handoffs)
        for handoff in handoffs:
            self._complete(handoff, moves)
        return handoffs

    def _give_touches(self, lead: Lead, handoffs: list[Handoff]) -> None:
        """A touch belongs to the handoff open last at its time, an offer in its second included."""
        for touch in self.touches.of_lead(lead):
            owner = None
            for handoff in handoffs:
                if second_of(handoff.offered_at) <= touch.latest:
                    owner = handoff
                following = handoff.next_opening
                is_after = second_of(handoff.opening.earliest_at) <= touch.latest
                is_before = following is None or touch.earliest < second_of(following.latest_at)
                if is_after and is_before and touch.user_id is not None:
                    handoff.possible_touches.append(touch)
            if owner is not None:
                owner.touches.append(touch)
                touch.handoff_id = owner.handoff_id

    def _complete(self, handoff: Handoff, moves: list[Transition]) -> None:
        offered = handoff.offered_at
        version = handoff.version
        # Of an offer without a time of day all this is read at the end of its day.
        read_at = offered if handoff.opening.has_time_of_day else handoff.opening.latest_at
        handoff.score = self._score(handoff.lead, "score", read_at)
        handoff.fit_score = self._score(handoff.lead, "fit_score", read_at)
        handoff.engagement_score = self._score(handoff.lead, "engagement_score", read_at)
        handoff.attributes_met = self._attributes_met(handoff, read_at)
        handoff.meets_definition = self._meets_definition(handoff, read_at)
        handoff.met_definition = handoff.meets_definition
        handoff.is_definition_open = any(
            self._meets_definition(handoff, moment) != handoff.meets_definition
            for moment in self.moments_of_offer(handoff)
        )
        handoff.tier = version.tier_of(handoff.score, handoff.attributes_met)
        first = handoff.first_into(RESPONSE_STAGES)
        end = first.entered_at if first else handoff.next_offered_at or self.company.as_of
        handoff.owner_source = self.identity.owner_source(handoff.lead, offered)
        handoff.owner_id = self._owner_at_offer(handoff, end)
        steps = self._owner_steps(handoff, end)
        handoff.transfers = _transfers(steps)
        self._set_response_clock(handoff)
        self._answer(handoff, first)
        handoff.legs = self._legs(handoff, steps, first)
        self._after_acceptance(handoff)
        self._reason(handoff, moves)
        self._opportunity(handoff)
        handoff.campaign_id = self._campaign(handoff)

    # -- at the offer ----------------------------------------------------------------------

    def moments_of_offer(self, handoff: Handoff) -> list[datetime]:
        """When a handoff may have been offered: each moment of its day with a change of the lead.

        One moment where the offer has a time of day.
        """
        opening = handoff.opening
        if opening.has_time_of_day:
            return [handoff.offered_at]
        first, last = second_of(opening.earliest_at), opening.latest_at
        changes = {
            second_of(at)
            for source, record in handoff.lead.survivors.items()
            for at in self.company.times_of_record(source, record.record_id)
        }
        return [first, *sorted(at for at in changes if first < at <= last)]

    def scores_of_offer(self, handoff: Handoff) -> list[tuple[Decimal | None, Decimal | None]]:
        """Fit and engagement scores at each moment at which it may have been offered."""
        return [
            (
                self._score(handoff.lead, "fit_score", moment),
                self._score(handoff.lead, "engagement_score", moment),
            )
            for moment in self.moments_of_offer(handoff)
        ]

    def _attributes_met(self, handoff: Handoff, at: datetime) -> int:
        return sum(
            self.is_attribute_met(handoff, attribute, at)
            for attribute in handoff.version.attributes
        )

    def _meets_definition(self, handoff: Handoff, at: datetime) -> bool:
        version = handoff.version
        score = self._score(handoff.lead, "score", at)
        minimum_score = version.minimum_score
        if minimum_score is not None and (score is None or score < minimum_score):
            return False
        return self._attributes_met(handoff, at) >= version.minimum_attributes

    def _score(self, lead: Lead, role: str, at: datetime) -> Decimal | None:
        timeline = self.identity.role_timeline(lead, role, "map", at)
        return parse_number(timeline.value_at(at)) if timeline else None

    def is_attribute_met_at_offer(self, handoff: Handoff, attribute: str) -> bool:
        opening = handoff.opening
        at = opening.entered_at if opening.has_time_of_day else opening.latest_at
        return self.is_attribute_met(handoff, attribute, at)

    def is_attribute_met(self, handoff: Handoff, attribute: str, at: datetime) -> bool:
        """An attribute is read from the first listed system in which the lead has a record."""
        for row in handoff.version.attributes[attribute]:
            if row["source_system"] not in handoff.lead.survivors:
                continue
            timeline = self.identity.timeline(
                handoff.lead, row["source_system"], row["field"], row["history_name"]
            )
            value = timeline.value_at(at) if timeline else None
            return is_attribute_met(value, row["met_values"])
        return False

    def _owner_at_offer(self, handoff: Handoff, end: datetime) -> str | None:
        """The SFA owner at the offer; if nobody, the first one given within the routing grace.

        The grace includes its last instant; it ends before the response (or an expiry), the next
        handoff and as_of.
        """
        owner = self.identity.owner_at(handoff.lead, handoff.offered_at)
        if owner is not None:
            return owner
        grace = timedelta(minutes=int(handoff.version.row["routing_grace_minutes"] or 15))
        latest = handoff.opening.latest_at
        for at, given in self._owner_changes(handoff):
            is_after = second_of(at) > second_of(handoff.offered_at)
            is_in_time = is_after and second_of(at) <= second_of(latest) + grace
            if is_in_time and second_of(at) < second_of(end) and given is not None:
                return given
        return None

    def _owner_changes(self, handoff: Handoff) -> list[tuple[datetime, str | None]]:
        """The owner's changes; without a history, what successive versions of the record show."""
        timeline = self.identity.owner_timeline(handoff.lead, handoff.offered_at)
        if timeline is None:
            return []
        if timeline.changes:
            return [(c.stands_from, expand_salesforce_id(c.new)) for c in timeline.changes]
        return [
            (after.stamp, expand_salesforce_id(after.row.get(timeline.field_name)))
            for before, after in pairwise(timeline.versions)
            if before.row.get(timeline.field_name) != after.row.get(timeline.field_name)
        ]

    def _owner_steps(self, handoff: Handoff, end: datetime) -> list[tuple[datetime, str | None]]:
        """The owner at the offer and each different owner strictly between offer and end."""
        steps: list[tuple[datetime, str | None]] = [(handoff.offered_at, handoff.owner_id)]
        for at, owner in self._owner_changes(handoff):
            is_between = second_of(handoff.offered_at) < second_of(at) < second_of(end)
            if is_between and owner != steps[-1][1]:
                steps.append((at, owner))
        return steps

    # -- the response ----------------------------------------------------------------------

    def _set_response_clock(self, handoff: Handoff) -> None:
        """Due on the offer owner's calendar; where agreed, restarted by transfers before it."""
        handoff.response_started_at = handoff.offered_at
        handoff.response_owner_id = handoff.owner_id
        term = handoff.term("response")
        if term is None or term.due_in is None:
            return
        due = self.due(handoff, term, handoff.opening.latest_at, handoff.owner_id)
        handoff.response_due_earliest = self.due(
            handoff, term, handoff.opening.earliest_at, handoff.owner_id
        )
        if handoff.version.row["clock_restarts_on_transfer"].lower() == "true":
            for at, owner in handoff.transfers:
                if due is not None and at < due:
                    due = self.due(handoff, term, at, owner)
                    handoff.response_due_earliest = due
                    handoff.response_started_at = at
                    handoff.response_owner_id = owner
        handoff.response_due_at = due

    def due(
        self, handoff: Handoff, term: Term, start: datetime, owner: str | None
    ) -> datetime | None:
        """start + the term's business hours on the owner's calendar, or + N x 24 hours."""
        if term.due_in is None:
            return None
        if term.due_unit == "business_hours":
            calendar = handoff.version.calendar_of(handoff.owner_source, owner)
            return calendar.due(start, int(term.due_in * 3_600_000_000))
        return start + timedelta(microseconds=int(term.due_in * 86_400_000_000))

    def _answer(self, handoff: Handoff, first: Transition | None) -> None:
        due = handoff.response_due_at
        as_of = self.company.as_of
        if first is not None and first.to_stage in ACCEPTING_STAGES:
            handoff.outcome, handoff.response = "accepted", first
        elif first is not None:
            is_expiry = (
                first.actor_type == "automation" and due is not None and first.earliest_at > due
            )
            if is_expiry:
                # A clock that ran out answers nothing: the handoff was ignored.
                handoff.outcome, handoff.expiry, handoff.expired = "ignored", first, True
            else:
                handoff.outcome, handoff.response = "rejected", first
        elif handoff.next_opening is not None:
            is_past = due is not None and handoff.next_opening.earliest_at > due
            handoff.outcome = "ignored" if is_past else "withdrawn"
        else:
            handoff.outcome = "ignored" if due is not None and as_of > due else "pending"

    def _legs(
        self,
        handoff: Handoff,
        steps: list[tuple[datetime, str | None]],
        first: Transition | None,
    ) -> list[Leg]:
        """The legs until the response, an expiry or the next handoff; the last may last still."""
        end = first.entered_at if first else handoff.next_offered_at
        legs = []
        for index, (start, owner) in enumerate(steps):
            is_last = index + 1 == len(steps)
            to_at = end if is_last else steps[index + 1][0]
            calendar = handoff.version.calendar_of(handoff.owner_source, owner)
            legs.append(
                Leg(
                    index + 1,
                    owner,
                    start,
                    to_at,
                    calendar.between(start, to_at or self.company.as_of),
                    is_last and handoff.response is not None,
                )
            )
        return legs

    # -- after the response ----------------------------------------------------------------

    def _after_acceptance(self, handoff: Handoff) -> None:
        if not handoff.is_accepted or handoff.response is None:
            return
        accepted = handoff.response
        handoff.accepted_by_owner = self._is_accepted_by_owner(handoff, accepted)
        place = handoff.following.index(accepted)
        for move in handoff.following[place + 1 :]:
            if move.to_stage in SENT_BACK_STAGES:
                handoff.sent_back = move
                break
        if handoff.sent_back and handoff.sent_back.actor_type == "automation":
            handoff.expired = self._decision_had_run_out(handoff, handoff.sent_back)

    def _decision_had_run_out(self, handoff: Handoff, sent_back: Transition) -> bool:
        """Whether the decision's clock was still running at the exit, and past its due time."""
        term, sal = handoff.term("decision"), handoff.first_sal
        if term is None or term.due_in is None or sal is None:
            return False
        if handoff.following.index(sal) > handoff.following.index(sent_back):
            return False
        decision = handoff.decision()
        if decision and handoff.following.index(decision) < handoff.following.index(sent_back):
            return False
        owner = self.identity.owner_at(handoff.lead, sal.entered_at)
        due = self.due(handoff, term, sal.latest_at, owner)
        return due is not None and sent_back.earliest_at > due

    def _is_accepted_by_owner(self, handoff: Handoff, accepted: Transition) -> bool:
        """By a human, quota-bearing rep who owns the lead then, the same second included."""
        actor = accepted.event.actor_id
        row = handoff.version.roster.get((accepted.event.source, actor or ""))
        if accepted.actor_type != "human" or row is None:
            return False
        if row["is_quota_bearing"].lower() != "true":
            return False
        return self.identity.owner_at(handoff.lead, accepted.entered_at) == actor

    def _reason(self, handoff: Handoff, moves: list[Transition]) -> None:
        """The reason on the exit's own event, or in the field where the exit's system keeps it.

        Null where an automation made the exit, and where the field was last set before the
        handoff opened. A reason that comes later counts until the lead's next transition.
        """
        exit_move = handoff.rejection
        if exit_move is None or exit_move.actor_type == "automation":
            return
        source = exit_move.event.source
        fields = [row for row in handoff.version.fields("reason") if row["source_system"] == source]
        if not fields:
            handoff.reason = exit_move.event.reason
        elif source in handoff.lead.survivors:
            row = fields[0]
            timeline = self.identity.timeline(
                handoff.lead, source, row["field"], row["history_name"]
            )
            if timeline is not None:
                exited = exit_move.entered_at
                value = timeline.value_at(exited)
                if (value or "").strip():
                    survivor = handoff.lead.survivors[source]
                    set_at = timeline.set_at(exited, survivor.created_at)
                    if set_at is None or second_of(set_at) >= second_of(handoff.offered_at):
                        handoff.reason = value
                else:
                    place = moves.index(exit_move)
                    following = moves[place + 1].entered_at if place + 1 < len(moves) else None
                    handoff.reason = timeline.first_filled(exited, following)
        if not (handoff.reason or "").strip():
            handoff.reason = None
        listed = handoff.version.reasons.get(handoff.reason or "")
        handoff.family = listed["family"] if listed else None

    def _opportunity(self, handoff: Handoff) -> None:
        """The first opportunity created within the handoff's window."""
        found = [
            opportunity
            for opportunity in self.events.opportunities.get(handoff.lead.lead_id, [])
            if second_of(handoff.offered_at) <= second_of(opportunity.created_at)
            and (
                handoff.next_offered_at is None
                or second_of(opportunity.created_at) < second_of(handoff.next_offered_at)
            )
        ]
        if found:
            handoff.opportunity = min(
                found,
                key=lambda deal: (second_of(deal.created_at), deal.opportunity_id, deal.source),
            )

    # -- campaigns -------------------------------------------------------------------------

    def _campaign_memberships(self) -> dict[str, list[tuple[datetime, str, str]]]:
        result: dict[str, list[tuple[datetime, str, str]]] = {}
        for key, row in self.company.current("salesforce", "CampaignMember").items():
            lead = self.identity.lead_of.get(("salesforce", row.get("LeadId") or ""))
            lead = lead or self.identity.lead_of_contact.get(row.get("ContactId") or "")
            created = self.company.instant("salesforce", row.get("CreatedDate"))
            is_deleted = parse_boolean(row.get("IsDeleted"))
            if lead and created and row.get("CampaignId") and not is_deleted:
                member = (second_of(created), key, str(row["CampaignId"]))
                result.setdefault(lead.lead_id, []).append(member)
        return result

    def _campaign(self, handoff: Handoff) -> str | None:
        """Choice: the campaign that the lead joined last at or before the offer."""
        joined = [
            member
            for member in self._campaigns.get(handoff.lead.lead_id, [])
            if member[0] <= second_of(handoff.offered_at)
        ]
        return max(joined)[2] if joined else None


def is_attribute_met(value: str | None, met_values: str) -> bool:
    """Met: a listed value where the definition lists any, else anything that says something."""
    text = (value or "").strip().lower()
    if not text:
        return False
    listed = [item.strip().lower() for item in met_values.split("|") if item.strip()]
    if listed:
        return text in listed
    return text not in BLANK_ATTRIBUTE_VALUES


def _transfers(steps: list[tuple[datetime, str | None]]) -> list[tuple[datetime, str]]:
    """Changes from one owner to another; an assignment from nobody, or to nobody, is none."""
    return [
        (at, owner)
        for (_, before), (at, owner) in pairwise(steps)
        if before is not None and owner is not None
    ]
