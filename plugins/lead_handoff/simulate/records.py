"""One lead's rows in the shapes of Salesforce and Marketo."""

from dataclasses import dataclass
from typing import Any
from zlib import crc32

from lead_handoff.simulate.delivery import Delivery, day_text, marketo_time, salesforce_time
from lead_handoff.simulate.identifiers import salesforce_id

LEAD = ("salesforce", "Lead")
LEAD_HISTORY = ("salesforce", "LeadHistory")
TASK = ("salesforce", "Task")
EVENT = ("salesforce", "Event")
OPPORTUNITY = ("salesforce", "Opportunity")
OPPORTUNITY_HISTORY = ("salesforce", "OpportunityFieldHistory")
CONTACT_ROLE = ("salesforce", "OpportunityContactRole")
MEMBER = ("salesforce", "CampaignMember")
MARKETO_LEADS = ("marketo", "leads")
ACTIVITIES = ("marketo", "activities")

STATUS_FIELD_ID = 1063
SCORE_FIELD_IDS = {"Lead Score": 1066, "Fit Score": 1071, "Engagement Score": 1072}
MQL_CAMPAIGN = 1042
MQL_REASON = f"Changed by Smart Campaign ID {MQL_CAMPAIGN} - 02 Reached MQL score"
REENTRY_CAMPAIGN = 1043
REENTRY_REASON = f"Changed by Smart Campaign ID {REENTRY_CAMPAIGN} - 03 Back from nurture"
SYNC_REASON = "Synced from Salesforce"

TASK_SHAPES: dict[str, tuple[str, str, str]] = {
    "call": ("Call", "Call", "Call"),
    "email": ("Email", "Email", "Email: following up"),
    "social": ("Task", "Social", "LinkedIn message"),
    "meeting": ("Task", "Meeting", "Meeting held"),
    "other": ("Task", "Gift", "Sent sample"),
    "inbound": ("Call", "Inbound", "Inbound call"),
}
"""Kind of activity -> TaskSubtype, Type, Subject."""


LOSS_REASONS = ("Competitor", "Competitor", "No budget", "No decision", "Price", "")


@dataclass(frozen=True)
class Contact:
    """Who the lead is, and the words that only the lead's records carry."""

    first_name: str
    last_name: str
    email: str
    phone: str
    company: str
    lead_source: str


class Records:
    """Collects the changes of one person's lead in both systems and writes its rows.

    `number` is the person's number and `copy` tells a duplicate of the same person apart. The
    two systems' records are delivered by `close`; change rows and activities at once.
    """

    def __init__(self, out: Delivery, number: int, copy: int, contact: Contact) -> None:
        self.out = out
        self.number = number
        self.copy = copy
        self.contact = contact
        self.marketo_id = 1_000_000 + number * 4 + copy
        self.lead_id = salesforce_id("00Q", 1_000_000 + number * 4 + copy)
        self.contact_id = ""
        self.opportunity_id = ""
        self.in_salesforce = False
        self.in_marketo = False
        self.status = ""
        self.owner = ""
        self.marketo_status = ""
        self.echoed_at = 0
        self.touched: list[int] = []
        self._lead: list[tuple[int, dict[str, object]]] = []
        self._marketo: list[tuple[int, dict[str, object]]] = []
        self._opportunity: list[tuple[int, dict[str, object]]] = []
        self._history = (number * 4 + copy) * 40
        self._tasks = (number * 4 + copy) * 40
        self._events = (number * 4 + copy) * 8
        self._stages = 300_000_000 + number * 16
        self._guid = 10_000_000_000 + (number * 4 + copy) * 60

    # Salesforce

    def create_lead(
        self, at: int, status: str, owner: str, creator: str, attributes: dict[str, object]
    ) -> None:
        """Create the Salesforce lead; `attributes` are its custom fields."""
        contact = self.contact
        self.in_salesforce = True
        self.status, self.owner = status, owner
        self._lead.append(
            (
                at,
                {
                    "Id": self.lead_id,
                    "IsDeleted": "false",
                    "FirstName": contact.first_name,
                    "LastName": contact.last_name,
                    "Email": contact.email,
                    "Phone": contact.phone,
                    "Company": contact.company,
                    "LeadSource": contact.lead_source,
                    "Status": status,
                    "OwnerId": owner,
                    "IsConverted": "false",
                    "CreatedDate": salesforce_time(at),
                    "CreatedById": creator,
                    **attributes,
                },
            )
        )
        self.history(at, creator, "created", "", "")
        if self.in_marketo:
            self.link(at + 2)

    def history(
        self, at: int, actor: str, field: str, old: str, new: str, kind: str = "Text"
    ) -> None:
        """Write one LeadHistory row."""
        self._history += 1
        self.out.row(
            LEAD_HISTORY,
            at,
            (
                salesforce_id("017", self._history),
                "false",
                self.lead_id,
                actor,
                salesforce_time(at),
                field,
                kind,
                old,
                new,
            ),
        )

    def change_lead(self, at: int, **fields: object) -> None:
        """Change fields of the Salesforce lead without a history row."""
        self._lead.append((at, fields))

    def set_field(self, at: int, actor: str, field: str, old: str, new: str) -> None:
        """Change a tracked custom field of the Salesforce lead."""
        self.history(at, actor, field, old, new)
        self._lead.append((at, {field: new}))

    def set_status(self, at: int, status: str, actor: str, *, recorded: bool = True) -> None:
        """Change the lead's status; `recorded` false leaves a gap in the history."""
        if recorded:
            self.history(at, actor, "Status", self.status, status)
        self.status = status
        self._lead.append((at, {"Status": status}))

    def set_owner(self, at: int, owner: str, names: dict[str, str], actor: str) -> None:
        """Change the owner; Salesforce writes names and ids, in two rows of one second."""
        self.history(at, actor, "Owner", names[self.owner], names[owner])
        self.history(at, actor, "Owner", self.owner, owner, "EntityId")
        self.owner = owner
        self._lead.append((at, {"OwnerId": owner}))

    def touch(
        self,
        at: int,
        user: str,
        kind: str,
        *,
        logged_at: int | None = None,
        happened_at: int | None = None,
        as_event: bool = False,
    ) -> None:
        """Write a completed activity of `user` at `at`.

        `logged_at` is when the record was created (default: then), `happened_at` the day the
        user says it took place. `as_event` puts it on the calendar, entered a day before.
        """
        who = self.contact_id or self.lead_id
        what = self.opportunity_id
        if kind != "inbound":
            self.touched.append(at)
        if as_event:
            self._events += 1
            entered = logged_at if logged_at is not None else at - 80_000
            self.out.row(
                EVENT,
                entered,
                (
                    salesforce_id("00U", self._events),
                    "false",
                    who,
                    what,
                    user,
                    "Introduction call",
                    "Meeting",
                    salesforce_time(at),
                    salesforce_time(at + 1_800),
                    salesforce_time(entered),
                    user,
                    salesforce_time(entered),
                ),
            )
            return
        created = at if logged_at is None else logged_at
        subtype, kind_name, subject = TASK_SHAPES[kind]
        self._tasks += 1
        self.out.row(
            TASK,
            at,
            (
                salesforce_id("00T", self._tasks),
                "false",
                who,
                what,
                user,
                subject,
                subtype,
                kind_name,
                "Completed",
                "true",
                day_text(at if happened_at is None else happened_at),
                salesforce_time(at),
                salesforce_time(created),
                user,
                salesforce_time(at),
            ),
        )

    def plan_task(self, at: int, user: str, due: int, *, deleted: bool = False) -> None:
        """Write a task that is only planned, which is no touch."""
        self._tasks += 1
        self.out.row(
            TASK,
            at,
            (
                salesforce_id("00T", self._tasks),
                "true" if deleted else "false",
                self.contact_id or self.lead_id,
                "",
                user,
                "Call back",
                "Call",
                "Call",
                "Not Started",
                "false",
                day_text(due),
                "",
                salesforce_time(at),
                user,
                salesforce_time(at),
            ),
        )

    def join_campaign(self, at: int, campaign: str) -> None:
        """Make the lead a member of the campaign it responded to."""
        self.out.row(
            MEMBER,
            at,
            (
                salesforce_id("00v", self.number * 4 + self.copy),
                "false",
                self.lead_id,
                "",
                campaign,
                "Responded",
                salesforce_time(at),
                day_text(at),
                salesforce_time(at),
            ),
        )

    def convert(self, at: int, actor: str) -> None:
        """Turn the lead into account and contact; `open_opportunity` adds the opportunity."""
        self.contact_id = salesforce_id("003", 2_000_000 + self.number)
        self.set_status(at, "Converted", actor)
        self._lead.append(
            (
                at,
                {
                    "IsConverted": "true",
                    "ConvertedDate": day_text(at),
                    "ConvertedAccountId": salesforce_id("001", 2_000_000 + self.number),
                    "ConvertedContactId": self.contact_id,
                },
            )
        )
        if self.in_marketo:
            self.activity(at + 45, 21, "", "", "", '{"Assign To":"","Master Updated":"true"}')
            self._marketo.append(
                (at + 45, {"sfdcContactId": self.contact_id, "sfdcType": "Contact"})
            )

    def open_opportunity(
        self, at: int, actor: str, amount: float, currency: str, campaign: str
    ) -> None:
        """Create the opportunity of a conversion, with its contact role."""
        self.opportunity_id = salesforce_id("006", 2_000_000 + self.number)
        self._lead.append((at, {"ConvertedOpportunityId": self.opportunity_id}))
        start_opportunity(
            self._opportunity,
            at,
            opportunity_id=self.opportunity_id,
            name=f"{self.contact.company} - new business",
            owner=self.owner,
            actor=actor,
            amount=amount,
            currency=currency,
            campaign=campaign,
            source=self.contact.lead_source,
        )
        self.stage_history(at, actor, "created", "", "")
        self.out.row(
            CONTACT_ROLE,
            at,
            (
                salesforce_id("00K", 2_000_000 + self.number),
                "false",
                self.opportunity_id,
                self.contact_id,
                "Decision Maker",
                "true",
                salesforce_time(at),
                salesforce_time(at),
            ),
        )

    def stage_history(self, at: int, actor: str, field: str, old: str, new: str) -> None:
        """Write one OpportunityFieldHistory row."""
        self._stages += 1
        self.out.row(
            OPPORTUNITY_HISTORY,
            at,
            (
                salesforce_id("017", self._stages),
                "false",
                self.opportunity_id,
                actor,
                salesforce_time(at),
                field,
                old,
                new,
            ),
        )

    def set_stage(self, at: int, old: str, new: str, actor: str) -> None:
        """Move the opportunity from stage `old` to `new`."""
        self.stage_history(at, actor, "StageName", old, new)
        move_opportunity(self._opportunity, at, new)

    def delete_lead(self, at: int, master: str = "") -> None:
        """Put the Salesforce lead into the recycle bin, as the loser of a merge if `master`."""
        self._lead.append((at, {"IsDeleted": "true", "MasterRecordId": master}))

    def lead_at(self, end: int) -> dict[str, object]:
        """The Salesforce lead's fields as they stand at `end`; empty if there is none by then."""
        state: dict[str, object] = {}
        for at, fields in sorted(self._lead, key=lambda change: change[0]):
            if at < end:
                state.update(fields)
        return state

    # Marketo

    def activity(
        self, at: int, kind: int, campaign: object, value_id: object, value: str, details: str
    ) -> None:
        """Write one Marketo activity; `details` is the JSON text of its attributes."""
        self._guid += 1
        self.out.row(
            ACTIVITIES,
            at,
            (
                self._guid,
                self.marketo_id,
                marketo_time(at),
                kind,
                campaign or "null",
                value_id or "null",
                value or "null",
                details,
            ),
        )

    @property
    def spare_guid(self) -> int:
        """An activity key that the lead's own activities do not reach."""
        return 10_000_000_000 + (self.number * 4 + self.copy) * 60 + 59

    def create_marketo(self, at: int, status: str, fields: dict[str, object]) -> None:
        """Create the Marketo lead."""
        contact = self.contact
        self.in_marketo = True
        self.marketo_status = status
        self._marketo.append(
            (
                at,
                {
                    "id": self.marketo_id,
                    "email": contact.email,
                    "firstName": contact.first_name,
                    "lastName": contact.last_name,
                    "phone": contact.phone or "null",
                    "company": contact.company,
                    "leadSource": contact.lead_source,
                    "leadStatus": status or "null",
                    "createdAt": marketo_time(at),
                    **fields,
                },
            )
        )
        self.activity(
            at,
            12,
            "",
            "",
            contact.email,
            '{"Source Type":"Web form fillout","Created Date":"' + day_text(at) + '"}',
        )

    def link(self, at: int) -> None:
        """Tell Marketo the id of the Salesforce lead."""
        self._marketo.append((at, {"sfdcLeadId": self.lead_id, "sfdcType": "Lead"}))
        self.activity(at, 19, "", "", "", '{"Sync Type":"Lead"}')

    def change_marketo(self, at: int, **fields: object) -> None:
        """Change fields of the Marketo lead without an activity."""
        self._marketo.append((at, fields))

    def set_marketo_status(
        self, at: int, status: str, reason: str, source: str, campaign: object = "", user: str = ""
    ) -> None:
        """Change Marketo's lead status and write its activity 13."""
        old = self.marketo_status
        if old == status:
            return
        self.marketo_status = status
        self._marketo.append((at, {"leadStatus": status}))
        self.echoed_at = max(self.echoed_at, at)
        self.activity(
            at,
            13,
            campaign,
            STATUS_FIELD_ID,
            "Lead Status",
            f'{{"Old Value":"{old}","New Value":"{status}","Reason":"{reason}",'
            f'"Source":"{source}","API Method Name":"","Modifying User":"{user}"}}',
        )

    def echo(self, at: int, status: str) -> None:
        """Let Marketo follow a Salesforce status, after whatever it showed before."""
        if self.in_marketo:
            self.set_marketo_status(
                max(at, self.echoed_at + 1), status, SYNC_REASON, "Salesforce.com"
            )

    def score(self, at: int, name: str, field: str, old: int | None, new: int, why: str) -> None:
        """Change one of Marketo's scores and write its activity 22."""
        self._marketo.append((at, {field: new}))
        self.activity(
            at,
            22,
            1021,
            SCORE_FIELD_IDS[name],
            name,
            f'{{"Change Value":"{new - (old or 0):+d}","Old Value":"{"" if old is None else old}"'
            f',"New Value":"{new}","Reason":"Changed by Smart Campaign ID 1021 - {why}"}}',
        )

    def close(self) -> None:
        """Deliver the records as each night saw them."""
        if self._lead:
            self.out.versions(LEAD, self._lead, _lead_stamps)
        if self._marketo:
            self.out.versions(MARKETO_LEADS, self._marketo, _marketo_stamps, "null")
        if self._opportunity:
            self.out.versions(OPPORTUNITY, self._opportunity, _modstamp)


def _lead_stamps(at: int) -> dict[str, object]:
    text = salesforce_time(at)
    return {"LastModifiedDate": text, "SystemModstamp": text}


def _marketo_stamps(at: int) -> dict[str, object]:
    return {"updatedAt": marketo_time(at)}


def _modstamp(at: int) -> dict[str, object]:
    return {"SystemModstamp": salesforce_time(at)}


def start_opportunity(changes: list[tuple[int, dict[str, Any]]], at: int, **of: Any) -> None:
    """Begin an opportunity's record in its first stage, to close 60 days on."""
    changes.append(
        (
            at,
            {
                "Id": of["opportunity_id"],
                "IsDeleted": "false",
                "Name": of["name"],
                "StageName": "Prospecting",
                "Amount": f"{of['amount']:.2f}",
                "CurrencyIsoCode": of["currency"],
                "IsClosed": "false",
                "IsWon": "false",
                "CloseDate": day_text(at + 60 * 86_400),
                "OwnerId": of["owner"],
                "CampaignId": of["campaign"],
                "LeadSource": of["source"],
                "CreatedDate": salesforce_time(at),
                "CreatedById": of["actor"],
                "LastStageChangeDate": "",
                "Loss_Reason__c": "",
            },
        )
    )


def move_opportunity(changes: list[tuple[int, dict[str, Any]]], at: int, stage: str) -> None:
    """Change an opportunity's stage and what follows from it.

    The reason of a loss hangs on the opportunity alone, so that no other draw depends on it.
    """
    closed = stage.startswith("Closed")
    reason = LOSS_REASONS[crc32(str(changes[0][1]["Id"]).encode()) % len(LOSS_REASONS)]
    fields: dict[str, object] = {
        "StageName": stage,
        "IsClosed": "true" if closed else "false",
        "IsWon": "true" if stage == "Closed Won" else "false",
        "LastStageChangeDate": salesforce_time(at),
        "Loss_Reason__c": reason if stage == "Closed Lost" else "",
    }
    if closed:
        fields["CloseDate"] = day_text(at)
    changes.append((at, fields))
