"""What a company's systems do not tell: kinds of facts left out of its extracts, and times cut."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from math import inf
from pathlib import Path

from lead_handoff.catalogue import CATALOGUE, fold
from lead_handoff.simulate.catalogue import (
    ATTRIBUTE_FIELDS,
    COLUMNS,
    MARKETO_ATTRIBUTE_FIELDS,
    PLAIN_ATTRIBUTE_FIELDS,
)
from lead_handoff.simulate.delivery import Delivery, Horizon, ObjectKey


@dataclass(frozen=True)
class Fact:
    """A kind of fact, and where the sources keep it.

    Attributes:
        objects: objects whose rows are such facts.
        columns: columns of other objects that hold one.
        rows: rows of other objects that are such facts: the column and the value that tell so.
    """

    objects: tuple[ObjectKey, ...] = ()
    columns: tuple[tuple[ObjectKey, tuple[str, ...]], ...] = ()
    rows: tuple[tuple[ObjectKey, str, str], ...] = ()


_LEAD, _HISTORY = ("salesforce", "Lead"), ("salesforce", "LeadHistory")
_OPPORTUNITY = ("salesforce", "Opportunity")
_OPPORTUNITY_HISTORY = ("salesforce", "OpportunityFieldHistory")
_ROLES = ("salesforce", "OpportunityContactRole")
_MARKETO, _ACTIVITIES = ("marketo", "leads"), ("marketo", "activities")
_PLAIN, _PLAIN_EVENTS = ("generic", "leads"), ("generic", "lead_events")
_PLAIN_OPPORTUNITIES = ("generic", "opportunities")
_CONTACTS, _CONTACT_HISTORY = ("hubspot", "contacts"), ("hubspot", "contact_property_history")
_DEALS, _DEAL_HISTORY = ("hubspot", "deals"), ("hubspot", "deal_property_history")

FACTS: dict[str, Fact] = {
    "users": Fact(objects=(("salesforce", "User"), ("generic", "users"), ("hubspot", "owners"))),
    "owners": Fact(
        columns=(
            (_LEAD, ("OwnerId",)),
            (_PLAIN, ("owner_id",)),
            (_CONTACTS, ("hubspot_owner_id",)),
        ),
        rows=(
            (_HISTORY, "Field", "Owner"),
            (_PLAIN_EVENTS, "field", "owner_id"),
            (_CONTACT_HISTORY, "property", "hubspot_owner_id"),
        ),
    ),
    "activities": Fact(
        objects=(
            ("salesforce", "Task"),
            ("salesforce", "Event"),
            ("generic", "activities"),
            ("hubspot", "calls"),
            ("hubspot", "emails"),
            ("hubspot", "tasks"),
        )
    ),
    "opportunities": Fact(
        objects=(
            _OPPORTUNITY,
            _OPPORTUNITY_HISTORY,
            _ROLES,
            _PLAIN_OPPORTUNITIES,
            _DEALS,
            _DEAL_HISTORY,
        ),
        columns=((_LEAD, ("ConvertedOpportunityId",)),),
    ),
    "scores": Fact(
        columns=(
            (_LEAD, ("Lead_Score__c",)),
            (_MARKETO, ("leadScore", "fitScore", "engagementScore")),
            (_PLAIN, ("score",)),
            (_CONTACTS, ("hubspotscore",)),
        ),
        rows=(
            (_ACTIVITIES, "activityTypeId", "22"),
            (_PLAIN_EVENTS, "field", "score"),
            (_CONTACT_HISTORY, "property", "hubspotscore"),
        ),
    ),
    "attributes": Fact(
        columns=(
            (_LEAD, ATTRIBUTE_FIELDS),
            (_MARKETO, MARKETO_ATTRIBUTE_FIELDS),
            (_PLAIN, PLAIN_ATTRIBUTE_FIELDS),
            (_CONTACTS, PLAIN_ATTRIBUTE_FIELDS),
        ),
        rows=tuple((_HISTORY, "Field", field) for field in ATTRIBUTE_FIELDS),
    ),
    "reasons": Fact(
        columns=(
            (_LEAD, ("Rejection_Reason__c",)),
            (_PLAIN_EVENTS, ("reason",)),
            (_CONTACTS, ("rejection_reason",)),
        ),
        rows=(
            (_HISTORY, "Field", "Rejection_Reason__c"),
            (_CONTACT_HISTORY, "property", "rejection_reason"),
        ),
    ),
    "actors": Fact(
        columns=(
            (_HISTORY, ("CreatedById",)),
            (_OPPORTUNITY_HISTORY, ("CreatedById",)),
            (_LEAD, ("CreatedById",)),
            (_OPPORTUNITY, ("CreatedById",)),
            (_PLAIN_EVENTS, ("actor_id",)),
            (_PLAIN_OPPORTUNITIES, ("created_by", "closed_by")),
            (_CONTACT_HISTORY, ("updatedByUserId",)),
            (_DEAL_HISTORY, ("updatedByUserId",)),
            (_DEALS, ("hs_created_by_user_id",)),
        )
    ),
    "lead_history": Fact(objects=(_HISTORY, _PLAIN_EVENTS, _CONTACT_HISTORY)),
    "opportunity_history": Fact(objects=(_OPPORTUNITY_HISTORY, _DEAL_HISTORY)),
    "marketo_history": Fact(rows=((_ACTIVITIES, "activityTypeId", "13"),)),
}
"""The kinds of facts that a company may lack, by name."""


@dataclass(frozen=True)
class Amount:
    """How much of a kind of fact is delivered: an object's first rows, and from when to when.

    `since` and `until` are shares of the company's time.
    """

    rows: float = inf
    since: float = 0.0
    until: float = 1.0


BLANKS = ("", "null", None)
"""What a source writes where it has no value."""

AMOUNTS: dict[str, Amount] = {
    "none": Amount(rows=0),
    "one_row": Amount(rows=1),
    "twenty_rows": Amount(rows=20),
    "from_the_middle": Amount(since=0.5),
    "to_the_middle": Amount(until=0.5),
}
"""How much of a kind of fact is there, by name."""

CLOCKS: dict[str, str] = {
    "dates_only": "",
    "midnights": "T00:00:00.000Z",
    "noons": "T12:00:00.000Z",
}
"""What stands behind the date where a system keeps no time of day, by name."""


class Withheld(Delivery):
    """A delivery that leaves out a kind of fact or the time of day."""

    def __init__(
        self, root: Path, horizon: Horizon, part: int, *, fact: str, amount: str, clock: str
    ) -> None:
        """Deliver `amount` of `fact`, if one is named, and cut times as `clock` says."""
        super().__init__(root, horizon, part, noise=False)
        self._fact = FACTS[fact] if fact else Fact()
        told = AMOUNTS[amount] if fact else Amount()
        span = horizon.end - horizon.start_at
        self._most = told.rows
        self._told: Counter[ObjectKey] = Counter()
        self._rows: list[tuple[int, ObjectKey, list[object]]] = []
        self._since = horizon.start_at + span * told.since if told.since else -inf
        self._until = horizon.start_at + span * told.until if told.until < 1 else inf
        self._behind_date = CLOCKS[clock] if clock else None

    def row(self, key: ObjectKey, stamp: int, values: Sequence[object]) -> None:
        """Keep a row until all are known: which facts come first in time is told by then."""
        self._rows.append((stamp, key, list(values)))

    def close(self) -> None:
        """Deliver the rows, or what is told of them, in the order of time."""
        self._rows.sort(key=lambda row: row[0])
        for stamp, key, cells in self._rows:
            self._deliver(key, stamp, cells)
        super().close()

    def _deliver(self, key: ObjectKey, stamp: int, cells: list[object]) -> None:
        if key in self._fact.objects or self._is_fact(key, cells):
            if not self._is_told(key, stamp):
                return
        else:
            places = _places_of(key, dict(self._fact.columns).get(key, ()))
            filled = [place for place in places if cells[place] not in BLANKS]
            if filled and not self._is_told(key, stamp):
                for place in filled:
                    cells[place] = "null" if key == _MARKETO else ""
        if self._behind_date is not None:
            for place in _times_of(key):
                if text := str(cells[place] or ""):
                    cells[place] = text[:10] + self._behind_date
        super().row(key, stamp, cells)

    def versions(
        self,
        key: ObjectKey,
        changes: list[tuple[int, dict[str, object]]],
        stamped: Callable[[int], dict[str, object]],
        blank: str = "",
    ) -> None:
        """Deliver a record also as it stood when the facts began or stopped."""
        changes.sort(key=lambda change: change[0])
        for edge in (self._since, self._until):
            before = [change for change in changes if change[0] < edge]
            if 0 < len(before) < len(changes):
                super().versions(key, before, stamped, blank)
        super().versions(key, changes, stamped, blank)

    def _is_fact(self, key: ObjectKey, cells: Sequence[object]) -> bool:
        """Whether a row of an object that holds other rows too is one of the facts."""
        return any(
            of == key and str(cells[COLUMNS[key].index(column)]) == value
            for of, column, value in self._fact.rows
        )

    def _is_told(self, key: ObjectKey, stamp: int) -> bool:
        """Whether one more of the object's facts is delivered."""
        if not self._since <= stamp < self._until or self._told[key] >= self._most:
            return False
        self._told[key] += 1
        return True


@cache
def _places_of(key: ObjectKey, columns: tuple[str, ...]) -> tuple[int, ...]:
    return tuple(COLUMNS[key].index(column) for column in columns)


@cache
def _times_of(key: ObjectKey) -> tuple[int, ...]:
    """Where an object has columns that are moments."""
    known = CATALOGUE[key[0]][key[1]].by_folded_name
    return tuple(
        place
        for place, column in enumerate(COLUMNS[key])
        if (spec := known.get(fold(column))) is not None and spec.kind == "timestamp"
    )
