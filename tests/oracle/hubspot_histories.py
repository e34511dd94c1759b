"""Random HubSpot contacts with the histories that go wrong, for a company of `histories`."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from tests.oracle.company import Landed

if TYPE_CHECKING:
    from tests.oracle.histories import _Company

_LIFECYCLE = ["lead", "marketingqualifiedlead", "marketingqualifiedlead", "salesqualifiedlead"]
_LIFECYCLE += ["opportunity", "customer", "subscriber", "vip"]
_STATUSES = ["OPEN", "IN_PROGRESS", "IN_PROGRESS", "UNQUALIFIED", "BAD_TIMING", "CONNECTED", ""]
_OWNERS = ["8801", "8802", "8803", ""]
_CHOICES = {
    "lifecyclestage": _LIFECYCLE,
    "hs_lead_status": _STATUSES,
    "hubspot_owner_id": _OWNERS,
    "hubspotscore": ["40", "60", "90"],
    "rejection_reason": ["No budget", "Unresponsive", ""],
}
_PEOPLE = ("CRM_UI", "CRM_UI_BULK_ACTION", "MOBILE_IOS")
_TOOLS = [*_PEOPLE, *_PEOPLE, "AUTOMATION_PLATFORM", "AUTOMATION_PLATFORM", "IMPORT", "API"]
_USERS = ["501", "502", "503", "599", ""]
_DEAL_STAGES = [
    "qualifiedtobuy",
    "contractsent",
    "closedwon",
    "closedlost",
    "closedlost",
    "c-suite",
]
_KINDS = {
    "calls": {
        "hs_call_direction": ["OUTBOUND", "INBOUND", ""],
        "hs_call_status": ["COMPLETED", "COMPLETED", "NO_ANSWER", ""],
    },
    "emails": {
        "hs_email_direction": ["EMAIL", "INCOMING_EMAIL", "FORWARDED_EMAIL"],
        "hs_email_status": ["SENT", "BOUNCED", ""],
    },
    "meetings": {"hs_meeting_outcome": ["COMPLETED", "SCHEDULED", "NO_SHOW", ""]},
    "tasks": {
        "hs_task_status": ["COMPLETED", "COMPLETED", "NOT_STARTED"],
        "hs_task_type": ["LINKED_IN_MESSAGE", "LINKED_IN_CONNECT", "CALL", "TODO"],
    },
}


def hubspot(company: _Company, contacts: int, salesforce: list[tuple[str, str]]) -> None:
    """Write the rows of some contacts, some of whom Salesforce knows by a lead or its contact."""
    _owners(company)
    known: list[_Contact] = []
    for _ in range(contacts):
        contact = _Contact(company, known, salesforce)
        contact.run()
        known.append(contact)
    for _ in range(contacts):
        _engagement(company, known)
        if company.chance(0.5):
            _deal(company, known)


def hubspot_alone(seed: int, contacts: int) -> list[Landed]:
    """The rows of a company that has nothing but HubSpot."""
    from tests.oracle.histories import _Company

    company = _Company(seed)
    hubspot(company, contacts, [])
    return company.rows


def _owners(company: _Company) -> None:
    """One user is two owners, the second of whom may come first or late; one is no user at all."""
    for owner, user in (("8802", "502"), ("8804", "501"), ("8801", "501"), ("8803", "")):
        at = company.start()
        row = {"id": owner, "userId": user, "firstName": "Ida", "lastName": f"No {owner}"}
        row |= {"createdAt": _text(at), "updatedAt": _text(at), "archived": "false"}
        company.land("hubspot", "owners", at, row)
        if company.chance(0.4):
            left = company.later(at)
            gone = {"archived": "true", "archivedAt": _text(left), "updatedAt": _text(left)}
            company.land("hubspot", "owners", left, row | gone)


def _text(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _number(company: _Company) -> str:
    """An id; all have one length, so that their order is that of their numbers."""
    return str(7_000_000_000 + company.number())


class _History:
    """The properties of one record, and what their history says of them."""

    def __init__(self, company: _Company, name: str, of: str, key: str) -> None:
        self.company, self.name, self.of, self.key = company, name, of, key
        self.values: dict[str, str] = {}

    def set(self, name: str, value: str, at: datetime) -> None:
        """Set a value; a few entries are past what HubSpot keeps."""
        company, random = self.company, self.company.random
        self.values[name] = value
        if company.chance(0.04):
            return
        tool = random.choice(_TOOLS)
        row = {
            "id": f"{random.getrandbits(64):016x}",
            self.of: self.key,
            "property": name,
            "value": value,
            "timestamp": _text(at),
            "sourceType": tool,
            "sourceId": "",
            "sourceLabel": "Nurture"
            if tool == "AUTOMATION_PLATFORM" and company.chance(0.7)
            else "",
            "updatedByUserId": random.choice(_USERS) if tool in _PEOPLE else "",
        }
        company.land("hubspot", self.name, at, row)


class _Contact:
    """One contact with its history; it may take in another one, or be archived."""

    def __init__(
        self, company: _Company, known: list[_Contact], salesforce: list[tuple[str, str]]
    ) -> None:
        self.company, self.known = company, known
        self.key = _number(company)
        self.created = company.start()
        self.history = _History(company, "contact_property_history", "contactId", self.key)
        self.is_gone = False
        self.row = {
            "id": self.key,
            "createdAt": _text(self.created),
            "createdate": _text(self.created),
            "archived": "false",
            "email": f"{self.key}@example.net",
            "firstname": "Ida",
            "company": company.random.choice(["Initech", ""]),
            "hs_analytics_source": company.random.choice(["PAID_SEARCH", "REFERRALS", ""]),
            "hs_merged_object_ids": "",
            **dict.fromkeys(_CHOICES, ""),
            "decision_makers": company.random.choice(["yes", "No", ""]),
            "budget": company.random.choice(["Approved", "unknown", ""]),
            "engagement": company.random.choice(["yes", ""]),
        }
        if salesforce and company.chance(0.15):
            lead, contact = company.random.choice(salesforce)
            name, key = company.random.choice(
                [("salesforceleadid", lead), ("salesforcecontactid", contact)]
            )
            self.row[name] = company.written_id(key)

    def version(self, at: datetime, **values: str) -> None:
        self.row |= self.history.values | values
        self.company.land("hubspot", "contacts", at, self.row | {"updatedAt": _text(at)})

    def run(self) -> None:
        company, random = self.company, self.company.random
        for name in ("lifecyclestage", "hs_lead_status", "hubspot_owner_id"):
            value = random.choice(["lead", "", "marketingqualifiedlead"])
            if name != "lifecyclestage":
                value = random.choice(_CHOICES[name])
            if value:
                self.history.set(name, value, self.created)
        moment = self.created
        self.version(moment)
        for _ in range(random.choice([0, 1, 2, 4, 7])):
            # HubSpot knows the order within a second.
            moment = company.later(moment) + timedelta(milliseconds=random.choice([0, 0, 1, 400]))
            names = ["lifecyclestage", "hs_lead_status", "hs_lead_status", *_CHOICES]
            name = random.choice(names)
            self.history.set(name, random.choice(_CHOICES[name]), moment)
            if company.chance(0.5):
                self.version(moment)
        at = company.later(moment)
        if company.chance(0.1):
            self.version(at, archived="true", archivedAt=_text(at))
            if company.chance(0.3):
                self.version(company.later(at), archived="false", archivedAt="")
        else:
            self.version(at)
        losers = [one for one in self.known if not one.is_gone]
        if losers and company.chance(0.12):
            loser = random.choice(losers)
            loser.is_gone = True
            # HubSpot lists all that were ever taken in.
            before = loser.row["hs_merged_object_ids"]
            self.version(
                company.later(at), hs_merged_object_ids=";".join(filter(None, [before, loser.key]))
            )


def _some(company: _Company, known: list[_Contact]) -> str:
    """A list of contacts, one of whom may never have been delivered."""
    keys = [one.key for one in known] + ["7999999999"]
    return json.dumps(company.random.sample(keys, company.random.choice([0, 1, 1, 1, 2])))


def _record(company: _Company, at: datetime) -> dict[str, str]:
    row = {"id": _number(company), "createdAt": _text(at), "updatedAt": _text(at)}
    return row | {"archived": "false"}


def _engagement(company: _Company, known: list[_Contact]) -> None:
    random = company.random
    name = random.choice(list(_KINDS))
    at = company.later(random.choice(known).created)
    recorded = at + timedelta(seconds=random.choice([0, 0, -3600, 100_000]))
    row = _record(company, recorded) | {
        "hs_timestamp": _text(at),
        "hs_createdate": _text(recorded),
        "hubspot_owner_id": random.choice(_OWNERS),
        "contact_ids": _some(company, known),
    }
    row |= {field: random.choice(values) for field, values in _KINDS[name].items()}
    if name == "meetings" and company.chance(0.7):
        row["hs_meeting_start_time"] = _text(company.later(at))
    if name == "tasks":
        done = _text(company.later(at))
        row["hs_task_completion_date"] = done if row["hs_task_status"] == "COMPLETED" else ""
    stamp = max(at, recorded)
    company.land("hubspot", name, stamp, row | {"updatedAt": _text(stamp)})
    if company.chance(0.2):
        stamp = company.later(stamp) + timedelta(seconds=1)
        row |= {"contact_ids": _some(company, known), "updatedAt": _text(stamp)}
        if company.chance(0.3):
            row |= {"archived": "true", "archivedAt": _text(stamp)}
        company.land("hubspot", name, stamp, row)


def _deal(company: _Company, known: list[_Contact]) -> None:
    """A deal whose history may be missing; contacts come and go."""
    random = company.random
    at = company.later(random.choice(known).created)
    row = _record(company, at) | {
        "createdate": _text(at),
        "dealstage": random.choice(["appointmentscheduled", "qualifiedtobuy", "closedwon"]),
        "amount": random.choice(["", "700"]),
        "deal_currency_code": "EUR",
        "hubspot_owner_id": random.choice(_OWNERS),
        "hs_created_by_user_id": random.choice(_USERS),
        "closedate": _text(at + timedelta(days=60)),
        "contact_ids": _some(company, known),
    }
    history = _History(company, "deal_property_history", "dealId", row["id"])
    has_history = company.chance(0.7)
    moment = at
    for number in range(random.choice([1, 2, 3, 4])):
        if number:
            moment = company.later(moment)
            row["dealstage"] = random.choice(_DEAL_STAGES)
        if has_history:
            history.set("dealstage", row["dealstage"], moment)
        is_closed = row["dealstage"].startswith("closed")
        row |= {
            "updatedAt": _text(moment),
            "hs_is_closed": company.flag(is_closed),
            "hs_is_closed_won": company.flag(row["dealstage"] == "closedwon"),
            "closed_lost_reason": random.choice(["Price", ""]) if is_closed else "",
        }
        if is_closed:
            row["closedate"] = _text(moment)
        if company.chance(0.25):
            row["contact_ids"] = _some(company, known)
        company.land("hubspot", "deals", moment, row)
    if company.chance(0.06):
        moment = company.later(moment) + timedelta(seconds=1)
        gone = {"archived": "true", "archivedAt": _text(moment), "updatedAt": _text(moment)}
        company.land("hubspot", "deals", moment, row | gone)
