"""How an honest lead's story is written down, by the systems that a company has."""

from typing import Protocol

from lead_handoff.simulate.catalogue import ATTRIBUTE_FIELDS, MARKETO_ATTRIBUTE_FIELDS
from lead_handoff.simulate.company import INBOUND_QUEUE, PEOPLE, SYNC_USER
from lead_handoff.simulate.delivery import Delivery
from lead_handoff.simulate.plain import HubSpot, PlainTables
from lead_handoff.simulate.records import MQL_CAMPAIGN, MQL_REASON, Contact, Records

NAMES = {person.user_id: person.name for person in PEOPLE} | {INBOUND_QUEUE: "Inbound Queue"}
STATUSES = {
    "sal": "Accepted",
    "rejected": "Rejected",
    "recycled": "Recycled",
    "disqualified": "Disqualified",
}


class Route(Protocol):
    """One lead's records, whatever systems hold them. Instants are epoch seconds."""

    def arrive(self, at: int, values: list[str]) -> None:
        """The lead responds for the first time; `values` are its ten attributes."""

    def score(self, at: int, fit: int, engagement: int) -> None:
        """Marketing's scores reach these values."""

    def give(self, at: int, owner: str, actor: str) -> None:
        """The lead is given to somebody in sales."""

    def qualify(self, at: int) -> None:
        """Marketing hands the lead over."""

    def move(self, at: int, stage: str, actor: str, reason: str = "") -> None:
        """A person takes the lead on, or sends it back for a reason."""

    def touch(self, at: int, user: str, kind: str, logged_at: int | None = None) -> None:
        """A person calls, writes or meets; `logged_at` is when that is written down."""

    def convert(self, at: int, actor: str, amount: int) -> None:
        """A person makes an opportunity of the lead."""

    def close_deal(self, at: int, actor: str, *, is_won: bool) -> None:
        """A person closes the opportunity."""

    def close(self) -> None:
        """Deliver what is left to deliver."""


class SalesforceAndMarketo:
    """Sales in Salesforce, marketing in Marketo, and a sync between the two."""

    def __init__(self, out: Delivery, number: int, contact: Contact, campaign: str) -> None:
        self._records = Records(out, number, 0, contact)
        self._campaign = campaign
        self._score: int | None = None
        self._fit = self._engagement = 0
        self._reason = ""
        self._values: list[str] = []

    def arrive(self, at: int, values: list[str]) -> None:
        """The lead responds for the first time."""
        self._values = values
        named = zip(MARKETO_ATTRIBUTE_FIELDS, values, strict=True)
        self._records.create_marketo(
            at, "Inquiry", {name: value or "null" for name, value in named}
        )

    def score(self, at: int, fit: int, engagement: int) -> None:
        """Marketo raises its scores."""
        tell = self._records.score
        if fit != self._fit:
            tell(at, "Fit Score", "fitScore", self._fit or None, fit, "Fit")
        if engagement != self._engagement:
            old = self._engagement or None
            tell(at, "Engagement Score", "engagementScore", old, engagement, "Web")
        tell(at + 1, "Lead Score", "leadScore", self._score, fit + engagement, "Web")
        self._fit, self._engagement, self._score = fit, engagement, fit + engagement

    def give(self, at: int, owner: str, actor: str) -> None:
        """The sync brings the lead to Salesforce, or somebody passes it on."""
        records = self._records
        if records.in_salesforce:
            if records.owner != owner:
                records.set_owner(at, owner, NAMES, actor)
            return
        fields: dict[str, object] = dict(zip(ATTRIBUTE_FIELDS, self._values, strict=True))
        if self._score is not None:
            fields["Lead_Score__c"] = self._score
        status = "Marketing Qualified" if records.marketo_status == "MQL" else "Open"
        records.create_lead(at, status, owner, SYNC_USER, fields)
        records.join_campaign(at + 3, self._campaign)

    def qualify(self, at: int) -> None:
        """Marketo says MQL, and Salesforce hears of it a little later."""
        records = self._records
        records.set_marketo_status(at, "MQL", MQL_REASON, "Marketo Flow Action", MQL_CAMPAIGN)
        if records.in_salesforce:
            records.set_status(at + 90, "Marketing Qualified", SYNC_USER)
            if self._reason:
                records.set_field(at + 90, SYNC_USER, "Rejection_Reason__c", self._reason, "")
                self._reason = ""

    def move(self, at: int, stage: str, actor: str, reason: str = "") -> None:
        """The status changes in Salesforce, with its reason, and Marketo follows."""
        records = self._records
        records.set_status(at, STATUSES[stage], actor)
        if reason:
            records.set_field(at, actor, "Rejection_Reason__c", self._reason, reason)
            self._reason = reason
        records.echo(at + 300, "SAL" if stage == "sal" else "Nurture")

    def touch(self, at: int, user: str, kind: str, logged_at: int | None = None) -> None:
        """A completed task, or a meeting on the calendar."""
        is_meeting = kind == "meeting" and logged_at is None
        self._records.touch(at, user, kind, logged_at=logged_at, as_event=is_meeting)

    def convert(self, at: int, actor: str, amount: int) -> None:
        """The lead is converted with an opportunity."""
        self._records.convert(at, actor)
        self._records.open_opportunity(at, actor, amount, "USD", self._campaign)

    def close_deal(self, at: int, actor: str, *, is_won: bool) -> None:
        """The opportunity is won or lost."""
        new = "Closed Won" if is_won else "Closed Lost"
        self._records.set_stage(at, "Prospecting", new, actor)

    def close(self) -> None:
        """Deliver the records."""
        self._records.close()


def route_of(system: str, out: Delivery, number: int, contact: Contact, campaign: str) -> Route:
    """The records of lead `number` in a company that keeps all in `system`."""
    if system == "generic":
        return PlainTables(out, number, contact)
    if system == "hubspot":
        return HubSpot(out, number, contact)
    return SalesforceAndMarketo(out, number, contact, campaign)
