"""Findings: what the integrity rules see, each with its subject and grade.

Grades: a rule whose condition is a fact gives `certain`; a rule that weighs signals gives
possible, likely or certain for one, two, or three and more of them. The severity is the rule's for
`certain` and `likely`, one step lower for `possible`; the lowest stays (ruling 121).

Subjects where the rules leave them open, none of which depends on a lead's id: a stalled lead is
the transition that entered the stage; a version's missing signature is the version; an unmapped
value is `<source>|<object>|<field>|<value>`; a second live record is `<source>|<surviving id>`;
what a company does not deliver is `<kind of fact>|<version>`.

Nothing is judged of before the first version: no handoff offered, no move made, no batch recorded
then. What the data are worth is: gaps, impossible dates, unmapped values, second records.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise

from tests.oracle.agreement import CLOSED_STAGES, Version, looked_up
from tests.oracle.company import USER_OBJECTS, Cells, Change, names_a_campaign
from tests.oracle.company import Version as RowVersion
from tests.oracle.delivery import Delivery
from tests.oracle.handoffs import Handoff, Handoffs
from tests.oracle.identity import CREATED_FIELDS, DELETED_FIELDS, LEAD_OBJECTS, Identity, Lead
from tests.oracle.rows import MartRow
from tests.oracle.sla import Compliance
from tests.oracle.stage_events import (
    OPPORTUNITY_CREATED,
    OPPORTUNITY_OBJECTS,
    StageEvent,
    StageEvents,
    event_id,
)
from tests.oracle.timers import Group, Move, inferred_timers
from tests.oracle.times_of_day import Column
from tests.oracle.touches import Touch
from tests.oracle.transitions import Transition
from tests.oracle.values import md5, parse_boolean, second_of

GRADES = {1: "possible", 2: "likely", 3: "certain"}
ONE_STEP_LOWER = {"critical": "warning", "warning": "info", "info": "info"}


@dataclass
class Finding:
    """One finding; its id is a hash of rule and subject."""

    rule: str
    subject_type: str
    subject_id: str
    lead_id: str | None
    handoff_id: str | None
    grade: str
    severity: str | None

    def row(self) -> MartRow:
        return {
            "finding_id": md5(self.rule, self.subject_type, self.subject_id),
            **vars(self),
        }


def grade_of(signals: int) -> str:
    return GRADES[min(max(signals, 1), 3)]


def _severity(version: Version, rule: str, grade: str) -> str | None:
    severity = version.severity(rule)
    return ONE_STEP_LOWER.get(severity or "") if grade == "possible" else severity


class Findings:
    """Runs every rule over the judged objects."""

    def __init__(
        self,
        identity: Identity,
        events: StageEvents,
        transitions: dict[str, list[Transition]],
        handoffs: Handoffs,
        compliance: Compliance,
        delivery: Delivery,
        as_of: datetime,
    ) -> None:
        self.delivery = delivery
        self.identity = identity
        self.company = identity.company
        self.agreement = identity.agreement
        self.events = events
        self.transitions = transitions
        self.handoffs = handoffs
        self.compliance = compliance
        self.as_of = as_of
        self.found: list[Finding] = []
        self._minutes = self._busy_minutes()
        self._timers: dict[Group, set[int]] | None = None
        for handoff in handoffs.all():
            self._of_handoff(handoff)
        for lead in identity.leads:
            self._of_transitions(lead, transitions.get(lead.lead_id, []))
            self._systems_disagree(lead, transitions.get(lead.lead_id, []))
            self._duplicate_live_record(lead)
            self._deleted_after_handoff(lead)
        self._stalled_portfolios()
        self._padded_activity()
        self._future_or_backdated()
        self._history_gap()
        self._unsigned_agreement()
        self._unmapped_stage_value()
        self._not_delivered()
        self.found = list({(f.rule, f.subject_type, f.subject_id): f for f in self.found}.values())

    def _add(
        self,
        rule: str,
        version: Version,
        subject: tuple[str, str],
        lead: Lead | None = None,
        handoff: Handoff | None = None,
        grade: str = "certain",
    ) -> None:
        if version.is_rule_enabled(rule):
            self.found.append(
                Finding(
                    rule,
                    *subject,
                    lead.lead_id if lead else None,
                    handoff.handoff_id if handoff else None,
                    grade,
                    _severity(version, rule, grade),
                )
            )

    def _add_handoff(self, rule: str, handoff: Handoff, grade: str = "certain") -> None:
        subject = ("handoff", handoff.handoff_id)
        self._add(rule, handoff.version, subject, handoff.lead, handoff, grade)

    def _add_transition(self, rule: str, move: Transition, grade: str = "certain") -> None:
        lead = move.event.lead
        subject = ("transition", move.transition_id)
        self._add(rule, move.version, subject, lead, self._handoff_of(move), grade)

    def _handoff_of(self, move: Transition) -> Handoff | None:
        for handoff in self.handoffs.by_lead[move.event.lead.lead_id]:
            if move is handoff.opening or move in handoff.following:
                return handoff
        return None

    # -- machines --------------------------------------------------------------------------

    def _is_allowed(self, move: Transition) -> bool:
        """Whether the register allows this user or campaign to make this move."""
        event = move.event
        for row in move.version.tables["allowed_automations"]:
            if row["source_system"] and row["source_system"] != event.source:
                continue
            if row["from_stage"] and row["from_stage"] != move.from_stage:
                continue
            if row["to_stage"] and row["to_stage"] != move.to_stage:
                continue
            if row["user_id"] and row["user_id"] == event.actor_id:
                return True
            campaign = row["campaign"]
            if campaign and campaign in (event.campaign_id or "", event.reason or ""):
                return True
            if campaign and campaign.lower() in (event.reason or "").lower():
                return True
        return False

    def _busy_minutes(self) -> Counter[tuple[str, datetime]]:
        """How many promotions and machine acceptances fall in a UTC minute."""
        result: Counter[tuple[str, datetime]] = Counter()
        for moves in self.transitions.values():
            for move in moves:
                if self._is_promotion(move) and move.is_silent and move.has_time_of_day:
                    result["promotion", _minute(move.entered_at)] += 1
        for handoff in self.handoffs.all():
            accepted = handoff.response if handoff.is_accepted else None
            if (
                accepted is not None
                and accepted.actor_type == "automation"
                and accepted.has_time_of_day
            ):
                result["acceptance", _minute(accepted.entered_at)] += 1
        return result

    @staticmethod
    def _is_promotion(move: Transition) -> bool:
        return (
            move.direction == "forward"
            and move.from_stage in ("sal", "sql")
            and move.to_stage in ("sql", "won")
        )

    def _is_batch(self, kind: str, rule: str, version: Version, move: Transition) -> bool:
        size = version.number_threshold(rule, "batch_size", "5")
        return move.has_time_of_day and self._minutes[kind, _minute(move.entered_at)] >= size

    def _silent_auto_promotion(self, move: Transition, previous: Transition) -> None:
        """Signals are a timer, a machine and a batch; silence is the condition, and no signal.

        Where nobody knows whether a move was silent, only a machine's is judged.
        """
        if not self._is_promotion(move) or self._is_allowed(move):
            return
        rule = "silent_auto_promotion"
        is_machine = move.actor_type == "automation" or names_a_campaign(move.event.reason)
        is_by_machine_into_won = move.to_stage == "won" and move.actor_type == "automation"
        is_unknown = move.is_silent is None
        if not (move.is_silent or is_by_machine_into_won or (is_unknown and is_machine)):
            return
        is_timer = self._is_by_listed_timer(move, previous) or self._is_by_inferred_timer(
            move, previous
        )
        is_batch = self._is_batch("promotion", rule, move.version, move)
        signals = is_machine + is_timer + is_batch
        if signals:
            is_possible_at_most = is_unknown or not is_machine
            self._add_transition(rule, move, grade_of(1 if is_possible_at_most else signals))

    def _is_by_listed_timer(self, move: Transition, previous: Transition) -> bool:
        """Of times that tell a day only, the moments of these days that accuse nobody."""
        rule = "silent_auto_promotion"
        entered, left = _span(previous), _span(move)
        spans = [
            Decimal((later - earlier).total_seconds()) / 86_400
            for earlier, later in ((entered[1], left[0]), (entered[0], left[1]))
        ]
        tolerance = move.version.number_threshold(rule, "tolerance_days", "1")
        timers = (move.version.threshold(rule, "timer_days") or "14").split("|")
        return any(
            all(abs(span - Decimal(timer)) <= tolerance for span in spans) for timer in timers
        )

    def _is_by_inferred_timer(self, move: Transition, previous: Transition) -> bool:
        """A move matches a timer of a group that it is in, where its own whole days are those."""
        counted = self._counted_for_timers(move, previous)
        return counted is not None and any(
            counted.day in self.timers().get(group, ()) for group in counted.groups
        )

    def _counted_for_timers(self, move: Transition, previous: Transition) -> Move | None:
        """The move as timers are inferred from it: a silent one that nobody has registered."""
        if not self._is_promotion(move) or not move.is_silent or self._is_allowed(move):
            return None
        if previous.event.day is not None or move.event.day is not None:
            return None  # days tell no whole days of 24 hours
        zone = self.agreement.judging(self.as_of).zone
        return Move(
            (move.from_stage or "", move.to_stage),
            move.event.actor_id,
            previous.entered_at.astimezone(zone).isoweekday(),
            (move.entered_at - previous.entered_at).days,
        )

    def timers(self) -> dict[Group, set[int]]:
        """Days after which silent promotions stand out, by group."""
        if self._timers is None:
            rule, version = "silent_auto_promotion", self.agreement.judging(self.as_of)
            counted = (
                self._counted_for_timers(move, previous)
                for moves in self.transitions.values()
                for previous, move in pairwise(moves)
            )
            self._timers = inferred_timers(
                [move for move in counted if move is not None],
                Fraction(version.number_threshold(rule, "significance", "0.05")),
                int(version.number_threshold(rule, "minimum_moves", "10")),
                Fraction(version.number_threshold(rule, "excess", "1.5")),
            )
        return self._timers

    def _auto_acceptance(self, handoff: Handoff) -> None:
        accepted = handoff.response if handoff.is_accepted else None
        if accepted is None or accepted.actor_type != "automation" or self._is_allowed(accepted):
            return
        due = handoff.response_due_at
        is_late = due is not None and accepted.earliest_at > due
        rule = "auto_expiry_accepts" if is_late else "auto_acceptance"
        signals = 1
        is_clocked = accepted.has_time_of_day and handoff.opening.has_time_of_day
        if is_late and due is not None and is_clocked:
            days = handoff.version.number_threshold(rule, "tolerance_days", "1")
            signals += accepted.entered_at - due <= timedelta(days=float(days))
        signals += self._is_batch("acceptance", "auto_acceptance", handoff.version, accepted)
        self._add_handoff(rule, handoff, grade_of(signals))

    # -- handoffs --------------------------------------------------------------------------

    def _of_handoff(self, handoff: Handoff) -> None:
        if handoff.agreement_version is None:
            return
        self._auto_acceptance(handoff)
        if handoff.outcome == "ignored":
            self._add_handoff("ignored_handoff", handoff)
        self._definition_rules(handoff)
        self._engaged_but_unfit(handoff)
        self._owner_rules(handoff)
        self._late_acceptance(handoff)
        rejection = handoff.rejection
        if rejection is not None and rejection.actor_type != "automation":
            self._rejection_rules(handoff, rejection)

    def _definition_rules(self, handoff: Handoff) -> None:
        """A missing score breaks a definition that asks for one; else the rest may."""
        version, at = handoff.version, handoff.offered_at
        if handoff.score is None and version.minimum_score is not None:
            if self.delivery.covers("scores", version, at, at):
                self._add_handoff("missing_score", handoff)
        elif handoff.met_definition is False and not handoff.is_definition_open:
            self._add_handoff("below_definition", handoff)

    def _engaged_but_unfit(self, handoff: Handoff) -> None:
        rule = "engaged_but_unfit"
        if handoff.engagement_score is None or handoff.fit_score is None:
            return
        engaged = handoff.version.number_threshold(rule, "engagement_score", "45")
        unfit = handoff.version.number_threshold(rule, "fit_score", "20")
        moments = self.handoffs.scores_of_offer(handoff)
        if all(
            engagement is not None and fit is not None and engagement >= engaged and fit <= unfit
            for fit, engagement in moments
        ):
            self._add_handoff(rule, handoff)

    def _owner_rules(self, handoff: Handoff) -> None:
        if handoff.owner_id is None:
            grace = timedelta(minutes=int(handoff.version.row["routing_grace_minutes"] or 15))
            last = handoff.opening.latest_at + grace
            is_known = self.delivery.covers("owners", handoff.version, handoff.offered_at, last)
            if is_known and self.as_of > last:
                self._add_handoff("no_owner", handoff)
            return
        offered = handoff.offered_at
        if not self.delivery.covers("owners", handoff.version, offered, offered):
            return
        source = handoff.owner_source or ""
        versions = self.company.record_versions(
            source, USER_OBJECTS.get(source, ""), handoff.owner_id
        )
        if versions:
            # Whoever may have been there at one moment of a day is not said to have left.
            first, last = (
                second_of(at) for at in (handoff.opening.earliest_at, handoff.opening.latest_at)
            )
            spans = [self._stamped(source, version) for version in versions]
            known = [place for place, (_, until) in enumerate(spans) if until <= first]
            at_first = known[-1] if known else 0
            possible = [
                version.row
                for place, ((since, _), version) in enumerate(zip(spans, versions, strict=True))
                if place == at_first or (place > at_first and since <= last)
            ]
            if all(self._has_left(source, row) for row in possible):
                self._add_handoff("owner_inactive", handoff)

    @staticmethod
    def _has_left(source: str, row: Cells) -> bool:
        flag = row.get("IsActive" if source == "salesforce" else "is_active")
        has_left = flag is not None and not parse_boolean(flag)
        return has_left or (source == "hubspot" and parse_boolean(row.get("archived")))

    def _stamped(self, source: str, version: RowVersion) -> tuple[datetime, datetime]:
        """The first and the last second in which a version of a user may have come to be."""
        day = self.company.times.midnight_of(source, version.stamp)
        stamp = second_of(version.stamp)
        return (day.start, day.last) if day else (stamp, stamp)

    def _late_acceptance(self, handoff: Handoff) -> None:
        accepted = handoff.response if handoff.is_accepted else None
        if accepted is None or accepted.actor_type != "human":
            return
        channels = handoff.version.threshold("late_acceptance", "conversation_channels") or ""
        if any(
            touch.user_id == accepted.event.actor_id
            and touch.source == accepted.event.source
            and touch.channel in channels.split("|")
            and touch.latest < second_of(accepted.earliest_at)
            and handoff.is_sure(touch)
            for touch in handoff.counted_touches
        ):
            self._add_handoff("late_acceptance", handoff)

    def _rejection_rules(self, handoff: Handoff, rejection: Transition) -> None:
        version = handoff.version
        clause = self.compliance.by_handoff.get((handoff.handoff_id, "follow_up_before_rejection"))
        is_breached = clause is not None and clause.status == "breached"
        # Whether they were fewer the moments of days may decide.
        is_short = clause is not None and (is_breached or clause.because == "no_time_of_day")
        if is_breached:
            self._add_handoff("rejected_without_follow_up", handoff)
        if not self.delivery.covers("reasons", version, handoff.offered_at, rejection.entered_at):
            return
        if rejection.to_stage != "lost" and (handoff.reason or "") not in version.reasons:
            self._add_handoff("rejection_without_reason", handoff)
        # Whatever the moments were: some touch came before it, and none on a second channel. One
        # rejection, one finding: what falls short of the number is told above (ruling 136).
        made = handoff.touches_until(rejection)
        first = second_of(rejection.earliest_at)
        is_sure = any(handoff.is_sure(touch) and touch.latest <= first for touch in made)
        is_one_channel = is_sure and len({touch.channel for touch in made}) == 1
        is_judged = handoff.knows_touches_before_exit and version.needs_follow_up(handoff.reason)
        if is_judged and is_one_channel and not is_short:
            self._add_handoff("one_touch_abandonment", handoff)
        listed = version.reasons.get(handoff.reason or "")
        is_met = handoff.met_definition and not handoff.is_definition_open
        if listed and parse_boolean(listed["is_overqualification"]) and is_met:
            self._add_handoff("overqualified_rejection", handoff)

    # -- what is not delivered -------------------------------------------------------------

    def _not_delivered(self) -> None:
        """Of each kind never delivered, or thin, one finding a version that would judge by it."""
        judged: dict[tuple[str, str], Version] = {}
        for handoff in self.handoffs.all():
            if handoff.agreement_version is None:
                continue
            for kind in self._would_judge(handoff):
                judged[kind, handoff.version.name] = handoff.version
        for (kind, name), version in judged.items():
            is_thin = kind == "activities" and name in self.delivery.thin
            if is_thin or self.delivery.begins[kind] is None:
                self._add("not_delivered", version, ("kind_of_fact", f"{kind}|{name}"))

    def _would_judge(self, handoff: Handoff) -> list[str]:
        """The kinds of facts by which a handoff would be judged."""
        version, kinds = handoff.version, ["owners"]
        if handoff.owner_id is not None:
            kinds.append("users")
        if version.minimum_score is not None:
            kinds.append("scores")
        if version.minimum_attributes:
            kinds.append("attributes")
        if handoff.response is not None:
            kinds.append("activities")
        if handoff.rejection is not None and handoff.rejection.actor_type != "automation":
            kinds.append("reasons")
        stages = {move.to_stage for move in handoff.following}
        is_stay_judged = "sal" in stages and not self.delivery.tells_sql(version)
        if is_stay_judged or stages & {"sql", "won"}:
            kinds.append("opportunities")
        return kinds

    def _is_too_early(self, at: datetime) -> bool:
        """Whether something lies before the first version, when nothing was agreed."""
        return self.agreement.in_force(at) is None

    # -- transitions -----------------------------------------------------------------------

    def _of_transitions(self, lead: Lead, moves: list[Transition]) -> None:
        has_opportunity = bool(self.events.opportunities.get(lead.lead_id))
        for place, move in enumerate(moves):
            previous = moves[place - 1] if place else None
            if self._is_too_early(move.entered_at):
                continue
            if move.direction == "forward" and move.skipped_stages > 0:
                self._add_transition("skipped_stage", move)
            if move.direction == "backward":
                self._add_transition("backward_move", move)
            since = previous.entered_at if previous else move.entered_at
            without = (
                move.to_stage in ("sql", "won")
                and not has_opportunity
                and self.delivery.covers("opportunities", move.version, since, move.entered_at)
            )
            if without or (previous and is_impossible(previous, move)):
                self._add_transition("impossible_move", move)
            if previous is not None:
                self._silent_auto_promotion(move, previous)
        if moves and moves[-1].to_stage in ("sal", "sql") and self._is_stalled(moves[-1]):
            self._add_transition("stalled_lead", moves[-1])

    def _knows_stay(self, stay: Transition) -> bool:
        """Whether a stay that lasts is judged: as its handoff, and where its end would be known."""
        handoff = self._handoff_of(stay)
        at = handoff.offered_at if handoff else stay.entered_at
        return not self._is_too_early(at) and self.delivery.knows_stays(
            stay.version, stay.entered_at, self.as_of
        )

    def _stalled_portfolios(self) -> None:
        """An owner's, and a team's, open leads of which too many stand still.

        Choice: the team is the one of the roster in force; leads of nobody are a portfolio too.
        """
        now = self.agreement.judging(self.as_of)
        held: dict[str, list[bool]] = defaultdict(list)
        for lead in self.identity.leads:
            moves = self.transitions.get(lead.lead_id, [])
            if lead.is_deleted or not moves or moves[-1].to_stage not in ("sal", "sql"):
                continue
            if not self._knows_stay(moves[-1]):
                continue
            owner = self.identity.owner_at(lead, self.as_of)
            team = looked_up(now, owner, "team") if owner else None
            held[f"owner:{owner or 'nobody'}"].append(self._is_stalled(moves[-1]))
            if team:
                held[f"team:{team}"].append(self._is_stalled(moves[-1]))
        limit = now.number_threshold("stalled_lead", "share", "0.65")
        fewest = now.number_threshold("stalled_lead", "minimum_leads", "10")
        for portfolio, stalled in held.items():
            if len(stalled) >= fewest and sum(stalled) > limit * len(stalled):
                self._add("stalled_lead", now, ("portfolio", portfolio))

    def _is_stalled(self, stay: Transition) -> bool:
        days = stay.version.number_threshold("stalled_lead", "stall_days", "90")
        return self._knows_stay(stay) and self.as_of > stay.latest_at + timedelta(days=float(days))

    def _systems_disagree(self, lead: Lead, moves: list[Transition]) -> None:
        events = self.events.events.get(lead.lead_id, [])
        for move in moves:
            event = move.event
            rule = "systems_disagree"
            hours_before = move.version.number_threshold(rule, "before_hours", "1")
            hours_after = move.version.number_threshold(rule, "after_hours", "24")
            if self._is_too_early(event.occurred_at):
                continue
            first = move.earliest_at - timedelta(hours=float(hours_before))
            last = move.latest_at + timedelta(hours=float(hours_after))
            if self.as_of <= last:
                continue
            for source in lead.survivors:
                if source == event.source or not self._maps(move.version, source, event.stage):
                    continue
                had_record = any(
                    record.source == source
                    and record.created_at is not None
                    and record.created_at <= move.entered_at
                    for record in lead.records
                )
                if had_record and not any(
                    other.source == source
                    and other.stage == event.stage
                    and first <= other.latest_at
                    and other.earliest_at <= last
                    for other in events
                ):
                    self._add_event(rule, event, move.version)
        for event in events:
            if self._is_too_early(event.occurred_at):
                continue
            version = self.agreement.judging(event.occurred_at)
            is_offer = event.stage == version.handoff_stage
            if not event.is_authority and is_offer and not self._has_authority(lead, event):
                self._add_event("systems_disagree", event, version)

    def _maps(self, version: Version, source: str, stage: str) -> bool:
        return stage in version.mapped_stages.get((source, LEAD_OBJECTS[source]), set())

    def _has_authority(self, lead: Lead, event: StageEvent) -> bool:
        """Whether any system that is the authority for the stage knows the lead."""
        version = self.agreement.judging(event.occurred_at)
        return any(
            mapping.stage == event.stage and mapping.is_authority and key[0] in lead.survivors
            for key, mapping in version.stage_map.items()
        )

    def _add_event(self, rule: str, event: StageEvent, version: Version) -> None:
        self._add(rule, version, ("event", event.event_id), event.lead)

    # -- records ---------------------------------------------------------------------------

    def _duplicate_live_record(self, lead: Lead) -> None:
        for source, survivor in lead.survivors.items():
            live = [r for r in lead.records if r.source == source and r.is_live]
            if len(live) > 1:
                version = self.agreement.judging(self.as_of)
                subject = ("record", f"{source}|{survivor.record_id}")
                self._add("duplicate_live_record", version, subject, lead)

    def _deleted_after_handoff(self, lead: Lead) -> None:
        """The surviving SFA record was deleted while a sales clause was running."""
        handoffs = self.handoffs.by_lead[lead.lead_id]
        source = self.identity.owner_source(lead, self.as_of)
        if not handoffs or source is None or not lead.survivors[source].is_deleted:
            return
        survivor = lead.survivors[source]
        if survivor.is_merged_away:
            return
        flag = DELETED_FIELDS[source]
        versions = self.company.record_versions(source, LEAD_OBJECTS[source], survivor.record_id)
        # Of a record that came back, the deletion that still stands.
        deleted_at = versions[-1].stamp
        for version in reversed(versions):
            if not parse_boolean(version.row.get(flag)):
                break
            deleted_at = version.stamp
        handoff = handoffs[-1]
        for clause in self.compliance.rows:
            if (
                clause.handoff is handoff
                and clause.party == "sales"
                and clause.status != "not_applicable"
                and clause.started_at is not None
                and clause.due_at is not None
                and (clause.starts or (clause.started_at, clause.started_at))[1] <= deleted_at
                and deleted_at <= (clause.due_earliest or clause.due_at)
                and (clause.met_at is None or clause.met_at > deleted_at)
            ):
                self._add_handoff("deleted_after_handoff", handoff)
                return

    # -- touches ---------------------------------------------------------------------------

    def _padded_activity(self) -> None:
        """What one user recorded in one span of minutes, under the version in force then."""
        batches: dict[tuple[str, str, datetime, str], list[Touch]] = defaultdict(list)
        for touches in self.handoffs.touches.by_lead.values():
            for touch in touches:
                if touch.user_id is None or touch.recorded_at is None:
                    continue
                # What was recorded on a day was recorded in no minute of it that anybody knows.
                if touch.recorded_day is None and not self._is_too_early(touch.recorded_at):
                    version = self.agreement.judging(touch.recorded_at)
                    minutes = version.number_threshold("padded_activity", "batch_minutes", "1")
                    span = int(minutes) * 60
                    start = int(touch.recorded_at.timestamp()) // span * span
                    since = datetime.fromtimestamp(start, UTC)
                    batches[touch.source, touch.user_id, since, version.name].append(touch)
        for (source, user, since, name), batch in batches.items():
            version = next(one for one in self.agreement.versions if one.name == name)
            if len(batch) < version.number_threshold("padded_activity", "batch_size", "5"):
                continue
            days = float(version.number_threshold("padded_activity", "late_days", "1"))
            is_late = any(
                touch.is_late_logged
                or touch.recorded_at
                > (touch.day.last if touch.day else touch.occurred_at) + timedelta(days=days)
                for touch in batch
                if touch.recorded_at is not None
            )
            minutes_of_batch = {_minute(t.occurred_at) if t.day is None else None for t in batch}
            is_one_minute = len(minutes_of_batch) == 1 and None not in minutes_of_batch
            at = since.strftime("%Y-%m-%dT%H:%M:%SZ")
            subject = ("touch_batch", f"{source}|{user}|{at}")
            grade = grade_of(1 + is_late + is_one_minute)
            self._add("padded_activity", version, subject, grade=grade)

    # -- events ----------------------------------------------------------------------------

    def _future_or_backdated(self) -> None:
        created: dict[tuple[str, str, str], datetime] = {}
        for record in self.identity.records.values():
            if record.created_at is not None:
                name = LEAD_OBJECTS[record.source]
                column = (record.source, name, CREATED_FIELDS[record.source])
                created[record.source, name, record.record_id] = self._earliest(
                    column, record.created_at
                )
        for found in self.events.opportunities.values():
            for one in found:
                name = OPPORTUNITY_OBJECTS[one.source]
                column = (one.source, name, OPPORTUNITY_CREATED[one.source])
                created[one.source, name, one.opportunity_id] = self._earliest(
                    column, one.created_at
                )
        for events in self.events.events.values():
            for event in events:
                birth = created.get(event.record)
                is_before_birth = birth is not None and event.latest_at < birth
                version = self.agreement.judging(event.occurred_at)
                if is_before_birth or self._is_misdated(version, event):
                    self._add_event("future_or_backdated", event, version)
        for change in self.company.waiting_changes:
            self._waiting_change(change)

    def _earliest(self, column: Column, at: datetime) -> datetime:
        day = self.company.times.day_of(column, at)
        return day.start if day else at

    def _is_misdated(self, version: Version, event: StageEvent | Change) -> bool:
        """Whether no moment of the days that its times may tell is a sound one."""
        rule = "future_or_backdated"
        ahead = timedelta(minutes=float(version.number_threshold(rule, "future_minutes", "60")))
        behind = timedelta(days=float(version.number_threshold(rule, "backdated_days", "7")))
        if event.earliest_at > self.as_of + timedelta(days=1):
            return True
        if event.recorded_at is None:
            return False
        day = event.recorded_day
        first, last = (day.start, day.last) if day else (event.recorded_at, event.recorded_at)
        return event.earliest_at > last + ahead or event.latest_at < first - behind

    def _waiting_change(self, change: Change) -> None:
        """An event that still waits for as_of is judged already, once it was recorded.

        Where the source has no time of recording, its arrival is enough.
        """
        if change.is_waiting and change.source == "generic":
            return
        lead = self.identity.lead_of.get((change.source, change.record_id))
        version = self.agreement.judging(change.occurred_at)
        for name, history_name in version.status_fields.get(
            (change.source, change.object), {}
        ).items():
            if history_name != change.field_name or lead is None:
                continue
            mapping = version.stage_map.get((change.source, change.object, name, change.new or ""))
            is_stage = mapping is not None and mapping.stage is not None
            if is_stage and self._is_misdated(version, change):
                subject = ("event", md5(change.source, change.event_id))
                self._add("future_or_backdated", version, subject, lead)

    def _history_gap(self) -> None:
        """A change of a status field whose old value is not the last new value, in chain order."""
        leads = {
            (one.source, OPPORTUNITY_OBJECTS[one.source], one.opportunity_id): one.lead
            for found in self.events.opportunities.values()
            for one in found
        }
        for (source, record_id), lead_of_record in self.identity.lead_of.items():
            leads[source, LEAD_OBJECTS[source], record_id] = lead_of_record
        for (source, name, record_id, history_name), changes in self.company.changes.items():
            lead = leads.get((source, name, record_id))
            if lead is None:
                continue
            for previous, change in pairwise(changes):
                version = self.agreement.judging(change.told_at)
                fields = version.status_fields.get((source, name), {}).values()
                if history_name in fields and previous.new != change.old:
                    subject = ("event", event_id(source, name, change.event_id))
                    self._add("history_gap", version, subject, lead)

    # -- the agreement ---------------------------------------------------------------------

    def _unsigned_agreement(self) -> None:
        for version in self.agreement.versions:
            if version.valid_from >= self.as_of:
                continue
            sides = ["marketing", "sales"]
            if parse_boolean(version.row["executive_signature_required"]):
                sides.append("executive")
            if not all(
                version.row[f"{side}_signed_by"] and version.row[f"{side}_signed_on"]
                for side in sides
            ):
                self._add("unsigned_agreement", version, ("agreement_version", version.name))

    def _unmapped_stage_value(self) -> None:
        for value, at in self.events.unmapped.items():
            subject = f"{value.source}|{value.object}|{value.field}|{value.value}"
            version = self.agreement.judging(at)
            self._add("unmapped_stage_value", version, ("stage_value", subject))


def is_impossible(previous: Transition, move: Transition) -> bool:
    """Closed to closed, but for the moves that happen in good order."""
    pair = (previous.to_stage, move.to_stage)
    if not (set(pair) <= CLOSED_STAGES):
        return False
    if pair == ("rejected", "disqualified") or pair == ("lost", "won"):
        return False
    if pair[1] == "recycled" and pair[0] in ("rejected", "disqualified", "lost"):
        return False
    if pair == ("won", "lost"):
        is_deal = previous.event.opportunity_id is not None
        return not is_deal or previous.event.record != move.event.record
    return True


def _span(move: Transition) -> tuple[datetime, datetime]:
    """First and last moment at which a move may have been."""
    return move.earliest_at, move.latest_at


def _minute(at: datetime) -> datetime:
    return at.replace(second=0, microsecond=0)
