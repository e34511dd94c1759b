"""An honest lead's rows where a company has but one system: the plain tables, or HubSpot."""

import json
from pathlib import Path

from lead_handoff.simulate.catalogue import PLAIN_ATTRIBUTE_FIELDS
from lead_handoff.simulate.company import PEOPLE
from lead_handoff.simulate.delivery import Delivery, ObjectKey, salesforce_time
from lead_handoff.simulate.plot import DEMAND_MANAGER
from lead_handoff.simulate.records import Contact

Changes = list[tuple[int, dict[str, object]]]

OF_PEOPLE = ("agreement_roster", "agreement_automation_users", "agreement_allowed_automations")
"""The files of an agreement that name users, each with the system that knows him."""

HUBSPOT_USERS = {person.user_id: str(60_000 + at) for at, person in enumerate(PEOPLE)}
"""HubSpot knows a person by two ids: as an owner, and as the user who changes something."""


class PlainTables:
    """Everything in the five tables of the generic route."""

    def __init__(self, out: Delivery, number: int, contact: Contact) -> None:
        self._out = out
        self._contact = contact
        self._id = f"L{number:07d}"
        self._lead: Changes = []
        self._opportunity: Changes = []
        self._held: dict[str, object] = {}
        self._told = number * 100

    def arrive(self, at: int, values: list[str]) -> None:
        """The lead responds for the first time."""
        contact = self._contact
        self._held = {
            "lead_id": self._id,
            "created_at": salesforce_time(at),
            "email": contact.email,
            "first_name": contact.first_name,
            "last_name": contact.last_name,
            "company": contact.company,
            "lead_source": contact.lead_source,
            "status": "inquiry",
            **dict(zip(PLAIN_ATTRIBUTE_FIELDS, values, strict=True)),
        }
        self._lead.append((at, dict(self._held)))

    def score(self, at: int, fit: int, engagement: int) -> None:
        """The score reaches the sum of both."""
        self._set(at, "score", str(fit + engagement), "")

    def give(self, at: int, owner: str, actor: str) -> None:
        """The owner changes."""
        if self._held.get("owner_id") != owner:
            self._set(at, "owner_id", owner, actor)

    def qualify(self, at: int) -> None:
        """Marketing changes the status."""
        self._set(at, "status", "mql", DEMAND_MANAGER.user_id)

    def move(self, at: int, stage: str, actor: str, reason: str = "") -> None:
        """Sales changes the status."""
        self._set(at, "status", stage, actor, reason)

    def touch(self, at: int, user: str, kind: str, logged_at: int | None = None) -> None:
        """A completed activity."""
        recorded = at if logged_at is None else logged_at
        times = (salesforce_time(at), salesforce_time(recorded))
        row = (self._next("A"), self._id, user, kind, "completed", *times)
        self._out.row(("generic", "activities"), recorded, row)

    def convert(self, at: int, actor: str, amount: int) -> None:
        """Status and opportunity in one second."""
        self._set(at, "status", "sql", actor)
        opened: dict[str, object] = {
            "opportunity_id": f"O{self._id}",
            "lead_id": self._id,
            "created_at": salesforce_time(at),
            "stage": "open",
            "amount": f"{amount}.00",
            "currency": "USD",
            "is_closed": "false",
            "is_won": "false",
            "owner_id": self._held.get("owner_id", ""),
            "created_by": actor,
        }
        self._opportunity.append((at, opened))

    def close_deal(self, at: int, actor: str, *, is_won: bool) -> None:
        """Status and opportunity in one second."""
        self._set(at, "status", "won" if is_won else "lost", actor)
        closed: dict[str, object] = {
            "stage": "won" if is_won else "lost",
            "is_closed": "true",
            "is_won": "true" if is_won else "false",
            "closed_at": salesforce_time(at),
            "closed_by": actor,
        }
        self._opportunity.append((at, closed))

    def close(self) -> None:
        """Deliver the records."""
        self._out.versions(("generic", "leads"), self._lead, _updated_at)
        if self._opportunity:
            self._out.versions(("generic", "opportunities"), self._opportunity, _updated_at)

    def _set(self, at: int, field: str, value: str, actor: str, reason: str = "") -> None:
        old = self._held.get(field, "")
        self._held[field] = value
        self._lead.append((at, {field: value}))
        times = (salesforce_time(at), salesforce_time(at))
        row = (self._next("E"), self._id, field, old, value, *times, actor, reason)
        self._out.row(("generic", "lead_events"), at, row)

    def _next(self, kind: str) -> str:
        self._told += 1
        return f"{kind}{self._told:09d}"


class HubSpot:
    """Marketing and sales both in HubSpot: contacts, engagements and deals."""

    def __init__(self, out: Delivery, number: int, contact: Contact) -> None:
        self._out = out
        self._contact = contact
        self._id = str(7_000_000_000 + number)
        self._deal_id = str(8_000_000_000 + number)
        self._held: dict[str, str] = {}
        self._changes: Changes = []
        self._deal: Changes = []
        self._told = 20_000_000_000 + number * 100

    def arrive(self, at: int, values: list[str]) -> None:
        """The contact fills in a form."""
        contact = self._contact
        fields: dict[str, object] = {
            "id": self._id,
            "createdAt": salesforce_time(at),
            "createdate": salesforce_time(at),
            "archived": "false",
            "email": contact.email,
            "firstname": contact.first_name,
            "lastname": contact.last_name,
            "phone": contact.phone,
            "company": contact.company,
            "hs_analytics_source": "PAID_SEARCH",
            **dict(zip(PLAIN_ATTRIBUTE_FIELDS, values, strict=True)),
        }
        self._changes.append((at, fields))
        self._set(at, "lifecyclestage", "lead")

    def score(self, at: int, fit: int, engagement: int) -> None:
        """HubSpot calculates the score."""
        self._set(at, "hubspotscore", str(fit + engagement))

    def give(self, at: int, owner: str, actor: str) -> None:
        """A workflow names the owner."""
        if self._held.get("hubspot_owner_id") != owner:
            self._set(at, "hubspot_owner_id", owner)

    def qualify(self, at: int) -> None:
        """The lifecycle stage tells it; one that comes back has left it before."""
        if self._held.get("lifecyclestage") == "marketingqualifiedlead":
            self._set(at - 30, "lifecyclestage", "other", DEMAND_MANAGER.user_id)
            self._set(at - 20, "hs_lead_status", "OPEN", DEMAND_MANAGER.user_id)
            self._set(at - 10, "rejection_reason", "", DEMAND_MANAGER.user_id)
        self._set(at, "lifecyclestage", "marketingqualifiedlead", DEMAND_MANAGER.user_id)

    def move(self, at: int, stage: str, actor: str, reason: str = "") -> None:
        """The lead's status tells what sales makes of it."""
        status = {"sal": "IN_PROGRESS", "recycled": "BAD_TIMING"}.get(stage, "UNQUALIFIED")
        self._set(at, "hs_lead_status", status, actor)
        if reason:
            self._set(at, "rejection_reason", reason, actor)

    def touch(self, at: int, user: str, kind: str, logged_at: int | None = None) -> None:
        """A call, an e-mail, or a task done in LinkedIn."""
        recorded = at if logged_at is None else logged_at
        name, *details = {
            "call": ("calls", "OUTBOUND", "COMPLETED"),
            "email": ("emails", "EMAIL", "SENT"),
        }.get(kind, ("tasks", "COMPLETED", "LINKED_IN_MESSAGE", salesforce_time(at)))
        stamp = salesforce_time(recorded)
        row = (self._next(), stamp, stamp, "false", salesforce_time(at), stamp, user)
        self._out.row(("hubspot", name), recorded, (*row, json.dumps([self._id]), *details))

    def convert(self, at: int, actor: str, amount: int) -> None:
        """Lifecycle stage and deal in one second."""
        self._set(at, "lifecyclestage", "salesqualifiedlead", actor)
        opened: dict[str, object] = {
            "id": self._deal_id,
            "createdAt": salesforce_time(at),
            "createdate": salesforce_time(at),
            "archived": "false",
            "dealname": "New business",
            "amount": f"{amount}",
            "deal_currency_code": "USD",
            "hs_is_closed": "false",
            "hs_is_closed_won": "false",
            "hubspot_owner_id": self._held.get("hubspot_owner_id", ""),
            "hs_created_by_user_id": HUBSPOT_USERS[actor],
            "contact_ids": json.dumps([self._id]),
        }
        self._deal.append((at, opened))
        self._stage(at, "qualifiedtobuy", actor)

    def close_deal(self, at: int, actor: str, *, is_won: bool) -> None:
        """The deal is won or lost."""
        closed: dict[str, object] = {
            "hs_is_closed": "true",
            "hs_is_closed_won": "true" if is_won else "false",
            "closedate": salesforce_time(at),
        }
        self._deal.append((at, closed))
        self._stage(at, "closedwon" if is_won else "closedlost", actor)

    def close(self) -> None:
        """Deliver the records."""
        self._out.versions(("hubspot", "contacts"), self._changes, _updated)
        if self._deal:
            self._out.versions(("hubspot", "deals"), self._deal, _updated)

    def _stage(self, at: int, stage: str, actor: str) -> None:
        self._deal.append((at, {"dealstage": stage}))
        key = ("hubspot", "deal_property_history")
        self._tell(key, self._deal_id, at, "dealstage", stage, actor)

    def _set(self, at: int, name: str, value: str, actor: str = "") -> None:
        self._held[name] = value
        self._changes.append((at, {name: value}))
        self._tell(("hubspot", "contact_property_history"), self._id, at, name, value, actor)

    def _tell(self, key: ObjectKey, of: str, at: int, name: str, value: str, actor: str) -> None:
        tool = (
            ("CRM_UI", "", HUBSPOT_USERS[actor]) if actor else ("AUTOMATION_PLATFORM", "Flow", "")
        )
        self._out.row(key, at, (self._next(), of, name, value, salesforce_time(at), *tool))

    def _next(self) -> str:
        self._told += 1
        return str(self._told)


def _updated_at(at: int) -> dict[str, object]:
    return {"updated_at": salesforce_time(at)}


def _updated(at: int) -> dict[str, object]:
    return {"updatedAt": salesforce_time(at), "lastmodifieddate": salesforce_time(at)}


def agreement_of(system: str, example: Path, folder: Path) -> Path:
    """Write the example agreement for a company that has but one system, and return its folder.

    The same people are on its roster, as users of that system.
    """
    folder.mkdir(parents=True)
    for path in example.glob("*.csv"):
        text = path.read_text(encoding="utf-8")
        if path.stem in OF_PEOPLE:
            text = text.replace(",salesforce,", f",{system},")
        (folder / path.name).write_text(text, encoding="utf-8")
    return folder


def write_people(out: Delivery, at: int, system: str) -> None:
    """Write the users of a company that has but one system."""
    for person in PEOPLE:
        if system == "generic":
            named = (person.user_id, person.name, person.email, "true", person.manager_id)
            out.row(("generic", "users"), at, (*named, person.team, person.role))
        else:
            stamp = salesforce_time(at)
            names = person.name.split(" ", maxsplit=1)
            row = (person.user_id, stamp, stamp, "false", person.email, *names)
            out.row(("hubspot", "owners"), at, (*row, HUBSPOT_USERS[person.user_id]))
