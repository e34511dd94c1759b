"""What a company delivers, and from when on: what is not delivered is not judged.

Choices: values are those of the leads' surviving records, from which all fields of a lead are read;
a reason counts where the agreement's field holds one, and, of a source without such a field, where
an exit that no machine made names one. Where a setting asks for no record or activity at all, the
kind counts as delivered from the beginning.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import pairwise

from tests.oracle.agreement import Version
from tests.oracle.company import USER_OBJECTS, Company
from tests.oracle.handoffs import RESPONSE_STAGES, Handoff, Handoffs
from tests.oracle.identity import LEAD_OBJECTS, Identity
from tests.oracle.stage_events import OPPORTUNITY_FIELDS, OPPORTUNITY_OBJECTS, StageEvents
from tests.oracle.touches import Touches
from tests.oracle.transitions import Transition
from tests.oracle.values import parse_boolean, parse_number

KINDS = ("users", "owners", "opportunities", "scores", "attributes", "reasons", "activities")
ALWAYS = datetime.min.replace(tzinfo=UTC)
EXIT_STAGES = RESPONSE_STAGES - {"sal", "sql", "won"}
SETTINGS = "delivery"

Field = tuple[str, str, str]
"""Source, field, and the field's name in the history."""


def is_filled(value: str | None) -> bool:
    return bool((value or "").strip())


def is_number(value: str | None) -> bool:
    return parse_number(value) is not None


class Delivery:
    """From when on each kind of fact is delivered, and under which versions activities are thin."""

    def __init__(
        self,
        company: Company,
        identity: Identity,
        events: StageEvents,
        touches: Touches,
        as_of: datetime,
    ) -> None:
        self.company = company
        self.identity = identity
        self.events = events
        self.touches = touches
        self.agreement = company.agreement
        self.as_of = as_of
        self._now = self.agreement.judging(as_of)
        self.thin: set[str] = set()
        self.begins: dict[str, datetime | None] = {
            "users": ALWAYS if self._has_users() else None,
            "owners": self._first(self._records("owner", is_filled), min(self._records_needed, 1)),
            "opportunities": self._first(self._opportunities(), self._records_needed),
            "scores": self._first(self._records("score", is_number), self._records_needed),
            "attributes": self._first(
                self._values(self._attributes(), is_filled), self._records_needed
            ),
            "reasons": self._first(self._reasons(), self._records_needed),
            "activities": self._activities(),
        }

    def _setting(self, name: str, otherwise: str) -> Decimal:
        return self._now.number_threshold(SETTINGS, name, otherwise)

    @property
    def _records_needed(self) -> int:
        return int(self._setting("valued_records", "10"))

    @staticmethod
    def _first(found: Iterable[datetime], needed: int) -> datetime | None:
        """When the last of as many records as are needed had told the first of its values."""
        if needed <= 0:
            return ALWAYS
        times = sorted(found)
        return times[needed - 1] if len(times) >= needed else None

    # -- the kinds -------------------------------------------------------------------------

    def _has_users(self) -> bool:
        return any(self.company.versions[source, name] for source, name in USER_OBJECTS.items())

    def _fields(self, role: str) -> set[Field]:
        sales = {*self.agreement.sources_by_role("sfa")}
        return {
            (row["source_system"], row["field"], row["history_name"])
            for version in self.agreement.versions
            for row in version.fields(role)
            if LEAD_OBJECTS.get(row["source_system"]) == row["object"]
            and (role != "owner" or row["source_system"] in sales)
        }

    def _attributes(self) -> set[Field]:
        return {
            (row["source_system"], row["field"], row["history_name"])
            for version in self.agreement.versions
            for rows in version.attributes.values()
            for row in rows
            if LEAD_OBJECTS.get(row["source_system"]) == row["object"]
        }

    def _records(self, role: str, is_value: Callable[[str | None], bool]) -> list[datetime]:
        return self._values(self._fields(role), is_value)

    def _values(self, fields: set[Field], is_value: Callable[[str | None], bool]) -> list[datetime]:
        """Of each record the time of its first row, change or version, that tells a value."""
        firsts: dict[tuple[str, str], datetime] = {}
        for lead in self.identity.leads:
            for source, field, history_name in fields:
                timeline = self.identity.timeline(lead, source, field, history_name)
                if timeline is None:
                    continue
                times = [
                    change.occurred_at
                    for change in timeline.changes
                    if is_value(change.new) or is_value(change.old)
                ]
                times += [v.stamp for v in timeline.versions if is_value(v.row.get(field))]
                if times:
                    key = (lead.lead_id, source)
                    firsts[key] = min([*times, firsts[key]] if key in firsts else times)
        return list(firsts.values())

    def _opportunities(self) -> list[datetime]:
        result = []
        for source, name in OPPORTUNITY_OBJECTS.items():
            for row in self.company.current(source, name).values():
                at = self.company.instant(source, row.get(OPPORTUNITY_FIELDS[source][0]))
                is_gone = parse_boolean(row.get("IsDeleted")) or parse_boolean(row.get("archived"))
                if at is not None and at < self.as_of and not is_gone:
                    result.append(at)
        return result

    def _reasons(self) -> list[datetime]:
        fields = self._fields("reason")
        keeps_in_field = {source for source, *_ in fields}
        firsts: dict[tuple[str, str], datetime] = {}
        for events in self.events.events.values():
            for event in events:
                if event.source in keeps_in_field or not event.is_authority:
                    continue
                if event.stage not in EXIT_STAGES or event.actor_type == "automation":
                    continue
                if is_filled(event.reason):
                    at = event.occurred_at
                    key = (event.lead.lead_id, event.source)
                    firsts[key] = min(at, firsts.get(key, at))
        return self._values(fields, is_filled) + list(firsts.values())

    def _activities(self) -> datetime | None:
        """The last of the first so many touches that lie within so many days."""
        needed = int(self._setting("activities", "10"))
        if needed <= 0:
            return ALWAYS
        within = timedelta(days=float(self._setting("activities_within_days", "30")))
        times = sorted(
            touch.occurred_at
            for touches in self.touches.by_lead.values()
            for touch in touches
            if touch.user_id is not None
        )
        for first, last in zip(times, times[needed - 1 :], strict=False):
            if last - first <= within:
                return last
        return None

    # -- thin ------------------------------------------------------------------------------

    def weigh(self, handoffs: Handoffs) -> None:
        """Find the versions under which activities are thin, and when touches are due."""
        touched: dict[str, list[bool]] = defaultdict(list)
        for handoff in handoffs.all():
            handoff.touch_dues = touch_dues(handoffs, handoff)
            accepted = handoff.response if handoff.is_accepted else None
            if accepted is None or accepted.actor_type != "human":
                continue
            if handoff.touch_dues and self.as_of > min(handoff.touch_dues):
                touched[handoff.version.name].append(bool(handoff.counted_touches))
        fewest = self._setting("thin_handoffs", "20")
        share = self._setting("thin_share", "0.15")
        self.thin = {
            name
            for name, seen in touched.items()
            if len(seen) >= fewest and sum(seen) < share * len(seen)
        }

    def blank_what_is_not_known(
        self, transitions: dict[str, list[Transition]], handoffs: Handoffs
    ) -> None:
        """Leave out what only facts tell that were not delivered then."""
        for moves in transitions.values():
            for previous, move in pairwise(moves):
                if move.direction == "forward" and not self.knows_silence(previous, move):
                    move.touches_since_previous = None
        for handoff in handoffs.all():
            handoff.knows_touches = self.knows_touches(handoff)
            if handoff.rejection is not None:
                handoff.knows_touches_before_exit = self.knows_touches_until(
                    handoff, handoff.rejection.entered_at
                )
            if not self.knows_definition(handoff):
                handoff.met_definition = None

    # -- asking ----------------------------------------------------------------------------

    def covers(self, kind: str, version: Version, first: datetime, last: datetime) -> bool:
        """Whether a kind of fact was delivered all the time from one moment to another."""
        if kind == "activities" and version.name in self.thin:
            return False
        begins = self.begins[kind]
        return begins is not None and begins <= min(first, last)

    def knows_definition(self, handoff: Handoff) -> bool:
        """Score and attributes, each only where a minimum of it is agreed."""
        needed = []
        if handoff.version.minimum_score is not None:
            needed.append("scores")
        if handoff.version.minimum_attributes:
            needed.append("attributes")
        at = handoff.offered_at
        return all(self.covers(kind, handoff.version, at, at) for kind in needed)

    def knows_touches(self, handoff: Handoff) -> bool:
        """To the last due time of the touch clauses; of one that was not accepted, the response."""
        last = max(handoff.touch_dues, default=None) if handoff.is_accepted else None
        last = last or handoff.response_due_at or handoff.offered_at
        return self.knows_touches_until(handoff, last)

    def knows_touches_until(self, handoff: Handoff, at: datetime) -> bool:
        return self.covers("activities", handoff.version, handoff.offered_at, at)

    def knows_silence(self, previous: Transition, move: Transition) -> bool:
        return self.covers("activities", move.version, previous.entered_at, move.entered_at)

    def tells_sql(self, version: Version) -> bool:
        """Whether a status of leads tells sql with authority, so that no opportunity is needed."""
        return any(
            mapping.stage == "sql" and mapping.is_authority and name == LEAD_OBJECTS.get(source)
            for (source, name, _, _), mapping in version.stage_map.items()
        )

    def knows_stays(self, version: Version, first: datetime, last: datetime) -> bool:
        """Whether it would be known that a lead had left sal or sql."""
        return self.tells_sql(version) or self.covers("opportunities", version, first, last)


def touch_dues(handoffs: Handoffs, handoff: Handoff) -> list[datetime]:
    """When the handoff's promises of touches fall due, met or not."""
    if handoff.agreement_version is None:
        return []
    result = []
    accepted_at = handoff.accepted_at
    for name in ("first_touch", "follow_up"):
        term = handoff.term(name)
        if term is not None and accepted_at is not None:
            owner = handoffs.identity.owner_at(handoff.lead, accepted_at)
            result.append(handoffs.due(handoff, term, accepted_at, owner))
    if handoff.rejection is not None and handoff.term("follow_up_before_rejection") is not None:
        result.append(handoff.rejection.entered_at)
    return [due for due in result if due is not None]
