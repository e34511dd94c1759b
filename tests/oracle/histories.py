"""Random companies with the histories that go wrong: native rows of all four sources.

:func:`random_company` gives landed rows for the example agreement; a seed gives the same company
every time. They hold what real extracts hold on bad days: several changes in one second,
re-entries, merges and chains of merges, deletions, several opportunities a lead, owner changes
written twice, unknown and automated actors, gaps in histories, unmapped values, versions with
equal stamps, rows that come late, records that are linked late, clock changes and boundaries of
agreement versions. :func:`scatter` delivers the same rows on other nights, some twice, and
:func:`write_extracts` writes rows as the files that landing reads.
"""

from __future__ import annotations

import csv
import gzip
import io
import json
from collections import Counter, defaultdict
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from random import Random
from zoneinfo import ZoneInfo

from tests.oracle.company import KEY_FIELDS, STAMP_FIELDS, Landed, clean
from tests.oracle.day_histories import in_days
from tests.oracle.hubspot_histories import hubspot
from tests.oracle.values import expand_salesforce_id, parse_instant

AS_OF = datetime(2026, 5, 1, tzinfo=UTC)
NIGHT = date(2026, 5, 1)
_FIRST = datetime(2025, 12, 20, tzinfo=UTC)
_BASE62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

# Instants at which rules turn: clock changes of both zones, the boundary of the agreement's
# versions (also in UTC and one second off), a holiday, a weekend, the first version's start.
_EDGES = [
    datetime(2026, 3, 8, 6, 59, 59, tzinfo=UTC),
    datetime(2026, 3, 8, 7, 0, 0, tzinfo=UTC),
    datetime(2026, 3, 29, 0, 59, 59, tzinfo=UTC),
    datetime(2026, 3, 29, 1, 0, 0, tzinfo=UTC),
    datetime(2026, 4, 1, 3, 59, 59, tzinfo=UTC),
    datetime(2026, 4, 1, 4, 0, 0, tzinfo=UTC),
    datetime(2026, 4, 1, 0, 0, 0, tzinfo=UTC),
    datetime(2026, 2, 16, 15, 0, 0, tzinfo=UTC),
    datetime(2026, 2, 13, 21, 59, 0, tzinfo=UTC),
    datetime(2026, 4, 17, 22, 0, 0, tzinfo=UTC),
    datetime(2025, 12, 31, 23, 59, 59, tzinfo=UTC),
    datetime(2026, 4, 30, 23, 59, 59, tzinfo=UTC),
]

REPS = [
    "005Hs000000Ha2HIAS",
    "005Hs000000HcAOIA0",
    "005Hs000000HeIVIA0",
    "005Hs000000HiYjIAK",
    "005Hs000000HkgqIAC",
    "005Hs000000Hr5BIAS",
    "005Hs000000HtDIIA0",
    "005Hs000000HvLPIA0",
]
BDRS = ["005Hs000000I1jkIAC", "005Hs000000I5zyIAC"]
MANAGER = "005Hs000000HGrGIAW"
MARKETER = "005Hs000000IKulIAG"
MARKETERS = ["tom.ashdown@corp.example.com", "uma.deshpande@corp.example.com"]
SYNC = "005Hs000000IbxfIAC"
TIMER = "005Hs000000Ie5mIAC"
FAST_TRACK = "005Hs000000IgDtIAK"
DELIVERED_BUT_NOT_LISTED = "005Hs000000ZZ1aIAC"
NEVER_DELIVERED = "005Hs000000ZZ9zIAC"
QUEUE = "00GHs000000Q1abMAC"
_PEOPLE = [*REPS, *REPS, *BDRS, MANAGER, MARKETER]
_ACTORS = [*_PEOPLE, *_PEOPLE, SYNC, TIMER, TIMER, TIMER, TIMER, FAST_TRACK, FAST_TRACK]
_ACTORS += [DELIVERED_BUT_NOT_LISTED, NEVER_DELIVERED]

_GIVEN_UP = ("Rejected", "Recycled", "Disqualified")
_STATUSES = ["Open", "Marketing Qualified", "Accepted", "Converted", "Rejected", "Recycled"]
_STATUSES += ["Disqualified", "Working - Contacted"]
_LIKELY_AFTER = {
    "Open": ["Marketing Qualified", "Accepted", "Accepted", "Rejected"],
    "Marketing Qualified": [
        "Accepted",
        "Accepted",
        "Accepted",
        "Rejected",
        "Recycled",
        "Converted",
    ],
    "Accepted": ["Converted", "Converted", "Rejected", "Recycled", "Disqualified"],
    "Converted": ["Recycled", "Disqualified", "Accepted"],
    "Rejected": ["Disqualified", "Recycled", "Accepted", "Open"],
    "Recycled": ["Marketing Qualified", "Accepted", "Open"],
    "Disqualified": ["Open", "Recycled"],
    "Working - Contacted": ["Accepted", "Rejected"],
}
_MARKETO_AFTER = {
    "": ["Inquiry", "MQL"],
    "Inquiry": ["MQL", "MQL", "MQL", "Nurture"],
    "MQL": ["SAL", "SAL", "Inquiry", "Nurture"],
    "SAL": ["MQL", "Inquiry", "Nurture"],
    "Nurture": ["Inquiry", "MQL", "Hot Prospect"],
    "Hot Prospect": ["MQL"],
}
_GENERIC_STAGES = ["inquiry", "mql", "mql", "sal", "sal", "sql", "won", "lost", "rejected"]
_GENERIC_STAGES += ["recycled", "disqualified", "tql-ish"]
_REASONS = ["No budget", "Wrong territory", "Unresponsive", "Language not served", "Bored", ""]
_ATTRIBUTES = {
    "Vertical__c": "vertical",
    "Firmographics__c": "firmographics",
    "Decision_Makers__c": "decisionMakers",
    "Environment__c": "environment",
    "Engagement__c": "engagement",
    "Business_Issues__c": "businessIssues",
    "Decision_Process__c": "decisionProcess",
    "Budget__c": "budget",
    "Competition__c": "competition",
    "Urgency__c": "urgency",
}
_MARKETO_HISTORY = {"decisionMakers": "Decision Makers", "businessIssues": "Business Issues"}
_MARKETO_HISTORY |= {"decisionProcess": "Decision Process"}
_GENERIC_NAMES = {"decisionMakers": "decision_makers", "businessIssues": "business_issues"}
_GENERIC_NAMES |= {"decisionProcess": "decision_process"}
_ATTRIBUTE_VALUES = ["yes", "yes", "Approved", "This quarter", "Approved", "This quarter", "7372"]
_ATTRIBUTE_VALUES += ["No", "unknown", "", "N/A"]
_PARTS_OF_SCORE = {"Fit Score": "fitScore", "Engagement Score": "engagementScore"}
_SOURCES = ["Web", "Referral", "Trade Show", "Paid Search", ""]
_NAMES = {QUEUE: "Inbound Queue", SYNC: "Marketo Sync", TIMER: "Lead Timer Flow"}


class _Company:
    """Writes the rows of one random company."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self.random = Random(seed)
        # For what was added later: a stream of its own, so that the rest of a seed's company stays.
        self.other = Random(f"{seed} and more")
        self.rows: list[Landed] = []
        self.counter = seed % 1000 * 10_000
        self.opportunity_history = self.random.choice(["field", "field", "stage", "none"])
        self.marketo_leads: dict[str, datetime] = {}

    # -- helpers ---------------------------------------------------------------------------

    def chance(self, share: float) -> bool:
        return self.random.random() < share

    def number(self) -> int:
        self.counter += 1
        return self.counter

    def salesforce_id(self, prefix: str) -> str:
        """A 15-character id that no other record has; the case of its letters matters."""
        number, digits = self.number() * 7919, ""
        while number:
            number, digit = divmod(number, 62)
            digits = _BASE62[digit] + digits
        return f"{prefix}Hs" + digits.rjust(10, "0")

    def written_id(self, short: str) -> str:
        return short if self.chance(0.25) else expand_salesforce_id(short) or short

    def text(self, at: datetime) -> str:
        """An instant in one of the forms that sources use."""
        form = self.random.randrange(6)
        if form == 0:
            return at.strftime("%Y-%m-%dT%H:%M:%S.000+0000")
        if form == 1:
            return at.strftime("%Y-%m-%d %H:%M:%S")
        if form == 2:
            return (at + timedelta(hours=2)).strftime("%Y-%m-%dT%H:%M:%S+02:00")
        if form == 3:
            return at.strftime("%Y-%m-%dT%H:%M:%SZ")
        return at.strftime("%Y-%m-%dT%H:%M:%S.000Z")

    def flag(self, value: bool) -> str:
        return "true" if value else "false"

    def start(self) -> datetime:
        if self.chance(0.12):
            return self.random.choice(_EDGES)
        seconds = int((AS_OF - _FIRST).total_seconds())
        share = self.random.random() if self.chance(0.6) else 1 - self.random.random() ** 2 * 0.4
        return _FIRST + timedelta(seconds=int(seconds * min(share, 0.999)))

    def later(self, at: datetime) -> datetime:
        """A next moment: the same second, soon, at a due time, at an edge, or days after."""
        kind = self.random.random()
        if kind < 0.16:
            return at
        if kind < 0.24:
            return at + timedelta(seconds=self.random.choice([1, 30, 59, 60]))
        if kind < 0.42:
            return at + timedelta(minutes=self.random.choice([5, 14, 15, 16, 60, 240, 480]))
        if kind < 0.50:
            return at + timedelta(days=self.random.choice([1, 7, 14, 21, 90]))
        if kind < 0.56:
            edges = [edge for edge in _EDGES if edge >= at]
            if edges:
                return self.random.choice(edges)
        return at + timedelta(seconds=self.random.randrange(20 * 86_400))

    def land(self, source: str, name: str, stamp: datetime, row: dict[str, str]) -> None:
        """Deliver a row in the night after its stamp; some come late, some twice."""
        night = stamp.date() + timedelta(days=1)
        if stamp >= AS_OF:
            # The extract of the night already holds rows from after its midnight.
            night = NIGHT if self.chance(0.5) else night
        elif self.chance(0.08):
            night += timedelta(days=self.random.randrange(1, 40))
        self.rows.append(Landed(source, name, night, dict(row)))
        if self.chance(0.04):
            later = night + timedelta(days=self.random.randrange(3))
            self.rows.append(Landed(source, name, later, dict(row)))

    def actor(self) -> str:
        return self.random.choice(_ACTORS)

    # -- people and lists ------------------------------------------------------------------

    def users(self) -> None:
        created = datetime(2025, 1, 1, tzinfo=UTC)
        everyone = [*REPS, *BDRS, MANAGER, MARKETER, SYNC, TIMER, FAST_TRACK]
        for user in [*everyone, DELIVERED_BUT_NOT_LISTED]:
            states = [(created, True)]
            if self.chance(0.3):
                states.append((self.start(), False))
                if self.chance(0.4):
                    states.append((states[-1][0] + timedelta(days=9), True))
            for at, is_active in states:
                self.land(
                    "salesforce",
                    "User",
                    at,
                    {
                        "Id": self.written_id(user[:15]),
                        "Name": _NAMES.get(user, f"Person {user[9:12]}"),
                        "IsActive": self.flag(is_active),
                        "UserType": "Standard",
                        "CreatedDate": self.text(created),
                        "SystemModstamp": self.text(at),
                    },
                )
        self.land(
            "salesforce",
            "Group",
            created,
            {
                "Id": QUEUE,
                "Name": "Inbound Queue",
                "Type": "Queue",
                "SystemModstamp": self.text(created),
            },
        )
        for user in ("g-anna", "g-bert"):
            self.rows.append(
                Landed(
                    "generic",
                    "users",
                    date(2026, 1, 2),
                    {"user_id": user, "name": user.title(), "is_active": "true"},
                )
            )

    def campaigns(self) -> None:
        for index in range(3):
            key = f"701Hs00000C000{index}"
            at = datetime(2025, 12, 1, index, tzinfo=UTC)
            self.land(
                "salesforce",
                "Campaign",
                at,
                {"Id": key, "Name": f"Campaign {index}", "SystemModstamp": self.text(at)},
            )

    # -- Salesforce ------------------------------------------------------------------------

    def activities_of(self, lead_or_contact: str, start: datetime) -> None:
        at = start
        for _ in range(self.random.choice([0, 0, 1, 2, 4, 8, 12])):
            pace = self.random.choice([3600, 86_400, 5 * 86_400])
            at += timedelta(seconds=self.random.randrange(pace))
            if self.chance(0.15):
                at = self.later(start)
            if self.chance(0.8):
                self.task(lead_or_contact, at)
            else:
                self.event(lead_or_contact, at)
            if self.chance(0.2):
                self.task(lead_or_contact, at + timedelta(seconds=self.random.randrange(60)))

    def task(self, who: str, at: datetime) -> None:
        created = at - timedelta(seconds=self.random.choice([0, 0, 0, -5, 3600, 200_000]))
        if self.chance(0.05):
            created = at + timedelta(days=self.random.choice([1, 2, 3]))
        is_closed = self.chance(0.85)
        stamp = max(created, at)
        due = created.date() - timedelta(days=self.random.choice([0, 0, 1, 2, 3, -4]))
        row = {
            "Id": self.written_id(self.salesforce_id("00T")),
            "IsDeleted": self.flag(self.chance(0.04)),
            "WhoId": self.written_id(who),
            "OwnerId": self.random.choice([*_ACTORS, "", QUEUE]),
            "Subject": 'Call, "again"\nsoon' if self.chance(0.05) else "Call",
            "TaskSubtype": self.random.choice(["Call", "Email", "Task", "ListEmail", ""]),
            "Type": self.random.choice(
                ["", "", "Call", "Email", "Social", "Meeting", "Inbound", "Reminder", "Odd"]
            ),
            "Status": "Completed" if is_closed else "Not Started",
            "IsClosed": self.flag(is_closed),
            "ActivityDate": due.isoformat() if self.chance(0.7) else "",
            "CompletedDateTime": self.text(at) if is_closed else "",
            "CreatedDate": self.text(created),
            "CreatedById": self.actor(),
            "SystemModstamp": self.text(stamp),
        }
        if is_closed and self.chance(0.2):
            planned = dict(row, IsClosed="false", Status="Not Started", CompletedDateTime="")
            before = min(created, at)
            planned["SystemModstamp"] = self.text(before)
            self.land("salesforce", "Task", before, planned)
        self.land("salesforce", "Task", stamp, row)

    def event(self, who: str, at: datetime) -> None:
        created = at - timedelta(days=self.random.choice([0, 1, 5, -1, -2]))
        end = at + timedelta(minutes=self.random.choice([30, 60, 1440]))
        row = {
            "Id": self.written_id(self.salesforce_id("00U")),
            "IsDeleted": self.flag(self.chance(0.05)),
            "WhoId": self.written_id(who),
            "OwnerId": self.random.choice([*_PEOPLE, ""]),
            "Subject": "Demo",
            "Type": self.random.choice(["", "Internal", "Meeting"]),
            "StartDateTime": self.text(at),
            "EndDateTime": self.text(end) if self.chance(0.9) else "",
            "CreatedDate": self.text(created),
            "CreatedById": self.actor(),
            "SystemModstamp": self.text(created),
        }
        self.land("salesforce", "Event", created, row)

    def opportunity(
        self, at: datetime, contact: str, has_role: bool, *, end: str | None = None
    ) -> str:
        """One opportunity with its stages; some are closed at once, some reopened."""
        key = self.salesforce_id("006")
        stages = [(at, self.random.choice(["Prospecting", "Prospecting", "Qualification"]))]
        if self.chance(0.08):
            stages = [(at, self.random.choice(["Closed Won", "Closed Lost"]))]
        while self.chance(0.62):
            stage = self.random.choice(
                ["Proposal", "Closed Won", "Closed Won", "Closed Lost", "Verbal", "Negotiation"]
            )
            stages.append((self.later(stages[-1][0]), stage))
        if end is not None:
            stages.append((stages[-1][0] + timedelta(hours=self.random.randrange(99)), end))
        creator = self.actor()
        previous = ""
        amount = self.random.choice(["", "1000", "2500.50", "99999999.99"])
        currency = self.random.choice(["USD", "USD", "EUR"])
        for index, (moment, stage) in enumerate(stages):
            stamp = moment + timedelta(seconds=self.random.choice([0, 0, 2]))
            row = {
                "Id": self.written_id(key),
                "IsDeleted": "false",
                "Name": f"Deal {key[-4:]}",
                "StageName": stage,
                "Amount": amount if index else self.random.choice([amount, ""]),
                "CurrencyIsoCode": currency,
                "IsClosed": self.flag(stage.startswith("Closed")),
                "IsWon": self.flag(stage == "Closed Won"),
                "CloseDate": moment.date().isoformat(),
                "OwnerId": self.random.choice(REPS),
                "CreatedDate": self.text(at),
                "CreatedById": creator,
                "LastStageChangeDate": self.text(moment),
                "SystemModstamp": self.text(stamp),
                "Loss_Reason__c": self.loss_reason(key) if stage == "Closed Lost" else "",
            }
            if index == len(stages) - 1 or self.chance(0.6):
                self.land("salesforce", "Opportunity", stamp, row)
            if self.opportunity_history == "field" and index and not self.chance(0.04):
                history = {
                    "Id": self.written_id(self.salesforce_id("017")),
                    "IsDeleted": "false",
                    "OpportunityId": self.written_id(key),
                    "CreatedById": self.actor(),
                    "CreatedDate": self.text(moment),
                    "Field": "StageName",
                    "OldValue": previous,
                    "NewValue": stage,
                }
                self.land("salesforce", "OpportunityFieldHistory", moment, history)
            if self.opportunity_history == "stage":
                history = {
                    "Id": self.written_id(self.salesforce_id("008")),
                    "IsDeleted": "false",
                    "OpportunityId": self.written_id(key),
                    "CreatedById": self.actor(),
                    "CreatedDate": self.text(moment),
                    "StageName": stage,
                    "Amount": amount,
                    "CloseDate": moment.date().isoformat(),
                }
                self.land("salesforce", "OpportunityHistory", moment, history)
            previous = stage
        if has_role:
            role = {
                "Id": self.written_id(self.salesforce_id("00K")),
                "IsDeleted": self.flag(self.chance(0.05)),
                "OpportunityId": self.written_id(key),
                "ContactId": self.written_id(contact),
                "Role": "Decision Maker",
                "IsPrimary": self.flag(self.chance(0.7)),
                "CreatedDate": self.text(at),
                "SystemModstamp": self.text(at),
            }
            self.land("salesforce", "OpportunityContactRole", at, role)
        return key

    # -- Marketo ---------------------------------------------------------------------------

    def activity(
        self, lead: str, at: datetime, kind: int, name: str, attributes: dict[str, object]
    ) -> None:
        row = {
            "marketoGUID": f"{self.random.getrandbits(64):016x}-{self.number()}",
            "leadId": lead,
            "activityDate": self.text(at),
            "activityTypeId": str(kind),
            "campaignId": self.random.choice(["", "null", "null", "1042"]),
            "primaryAttributeValueId": "null",
            "primaryAttributeValue": name,
            "attributes": json.dumps(attributes),
        }
        self.land("marketo", "activities", at, row)

    def marketo_lead(
        self,
        at: datetime,
        steps: int,
        links: dict[str, str],
        link_late: bool,
        others: list[str],
    ) -> list[datetime]:
        """Write one Marketo lead, add it to the others, return when it became an MQL."""
        promoted = []
        key = str(100 + self.number())
        random = self.random
        status = random.choice(["Inquiry", "Inquiry", "MQL", "", "Nurture"])
        score = random.choice(["", "10", "45", "80"])
        state = {
            "id": key,
            "email": f"p{key}@example.com",
            "firstName": "Zoë" if self.chance(0.1) else "Pat",
            "lastName": "null" if self.chance(0.1) else "O'Neil, Jr.",
            "company": random.choice(["Acme", "Über GmbH", ""]),
            "leadSource": random.choice(_SOURCES),
            "leadStatus": status,
            "leadScore": score,
            "createdAt": self.text(at),
        }
        for name in _ATTRIBUTES.values():
            state[name] = random.choice(_ATTRIBUTE_VALUES)
        for name in _PARTS_OF_SCORE.values():
            state[name] = self.other.choice(["", "20", "37.5", "40"])
        self.marketo_leads[key] = at
        if not link_late:
            state |= links
        moment = at
        self._marketo_version(state, at)
        for _ in range(steps):
            moment = self.later(moment)
            if moment > AS_OF + timedelta(days=3):
                break
            kind = random.random()
            if kind < 0.65:
                old = state["leadStatus"]
                new = random.choice(_MARKETO_AFTER[old])
                attributes: dict[str, object] = {"Old Value": old or None, "New Value": new}
                attributes["Reason"] = random.choice(
                    [
                        "Changed by Smart Campaign Scoring.Promote to MQL",
                        "Manual change",
                        None,
                        "",
                    ]
                )
                if self.chance(0.1):
                    attributes["Modifying User"] = "marketer@example.com"
                elif self.other.random() < 0.2:
                    attributes["Modifying User"] = self.other.choice(MARKETERS)
                if self.chance(0.03):
                    attributes["Old Value"] = "Inquiry"
                self.activity(key, moment, 13, "Lead Status", attributes)
                if new == "MQL":
                    promoted.append(moment)
                    if self.chance(0.6):
                        self._score(state, moment)
                state["leadStatus"] = new
            elif kind < 0.85:
                self._score(state, moment)
            else:
                name = random.choice(list(_ATTRIBUTES.values()))
                new = random.choice(_ATTRIBUTE_VALUES)
                history = _MARKETO_HISTORY.get(name, name.capitalize())
                self.activity(
                    key, moment, 13, history, {"Old Value": state[name], "New Value": new}
                )
                state[name] = new
            if self.chance(0.5):
                self._marketo_version(state, moment)
        if link_late:
            state |= links
            moment = self.later(moment)
        self._marketo_version(state, moment)
        if others and self.chance(0.12):
            loser, winner = (key, random.choice(others))
            if self.chance(0.5):
                loser, winner = winner, loser
            ids = f"[{loser}]" if self.chance(0.8) else f"[{loser}, 99999999]"
            self.activity(winner, self.later(moment), 32, "Merge", {"Merge IDs": ids})
        elif self.chance(0.04):
            self.activity(key, self.later(moment), 37, "Delete", {"Campaign": "x"})
        others.append(key)
        return promoted

    def _score(self, state: dict[str, str], moment: datetime) -> None:
        old = state["leadScore"]
        new = self.random.choice(["15", "49", "50", "60", "79", "80", "85", "95.5"])
        if new == old:
            return
        self.activity(
            state["id"],
            moment,
            22,
            "Lead Score",
            {"Change Value": "+5", "Old Value": old or None, "New Value": new, "Reason": "x"},
        )
        state["leadScore"] = new

    def parts_of_scores(self) -> None:
        """Changes of fit and engagement, whose history the records need not agree with."""
        for key, created in self.marketo_leads.items():
            for name in _PARTS_OF_SCORE:
                moment, value = created, ""
                while self.chance(0.4):
                    moment = self.later(moment)
                    new = self.random.choice(["10", "25", "44.5", "60", ""])
                    attributes: dict[str, object] = {"Old Value": value or None, "New Value": new}
                    self.activity(key, moment, 22, name, attributes)
                    value = new

    def more_opportunities(self, leads: list[_SalesforceLead]) -> None:
        """Further deals of converted leads, and some that no lead stands behind."""
        for lead in leads:
            if lead.is_converted and self.chance(0.7):
                created = lead.created + (lead.moment - lead.created) * self.random.random()
                created = created.replace(microsecond=0)
                end = "Closed Won" if self.chance(0.8) else None
                self.opportunity(created, lead.contact, True, end=end)
            if self.chance(0.1):
                self.opportunity(self.start(), self.salesforce_id("003"), self.chance(0.5))

    def deals_of_the_rejected(self, leads: list[_SalesforceLead]) -> None:
        """Some leads that were given up become a deal after all, and most of those are lost."""
        for lead in leads:
            if lead.state["Status"] in _GIVEN_UP and not lead.is_converted and self.chance(0.9):
                lead.moment += timedelta(hours=self.random.randrange(1, 99))
                lead.is_converted = True
                lead.state |= {"IsConverted": "true", "ConvertedContactId": lead.contact}
                lead.version(lead.moment)
                end = "Closed Lost" if self.chance(0.8) else None
                self.opportunity(lead.moment, lead.contact, True, end=end)

    def unlisted_timer(self) -> None:
        """Leads that a flow promotes in one rep's name some days after they were accepted."""
        drawn = Random(f"{self.seed} and a timer")
        rep, days, nights = drawn.choice(REPS), drawn.choice([9, 20, 23, 45]), drawn.random() < 0.5
        for _ in range(drawn.randrange(11, 17)):
            # Once activities come in: before that nobody knows of silence.
            created = _FIRST + timedelta(days=30, seconds=drawn.randrange(45 * 86_400))
            accepted = created + timedelta(hours=drawn.randrange(1, 40))
            promoted = accepted + timedelta(days=days, hours=drawn.randrange(24) if nights else 0)
            row = {"Id": self.salesforce_id("00Q"), "IsDeleted": "false", "Status": "Converted"}
            row |= {"OwnerId": rep, "CreatedById": SYNC, "Company": "Initech"}
            row |= {"CreatedDate": self.text(created), "SystemModstamp": self.text(promoted)}
            self.land("salesforce", "Lead", promoted, row)
            moves = ("Open", "Accepted", accepted), ("Accepted", "Converted", promoted)
            for old, new, at in moves:
                change = {
                    "Id": self.salesforce_id("017"),
                    "IsDeleted": "false",
                    "LeadId": row["Id"],
                }
                change |= {"CreatedById": rep, "CreatedDate": self.text(at), "Field": "Status"}
                change |= {"DataType": "Text", "OldValue": old, "NewValue": new}
                self.land("salesforce", "LeadHistory", at, change)

    def _marketo_version(self, state: dict[str, str], at: datetime) -> None:
        row = {name: value or "null" for name, value in state.items()}
        row["updatedAt"] = self.text(at)
        self.land("marketo", "leads", at, row)
        if row["company"] != "null" and self.chance(0.04):
            # The same record once more with the same stamp and another content.
            twin = dict(row, company=self.random.choice(["Acme", "Apex", "Zeta"]))
            self.land("marketo", "leads", at, twin)

    # -- generic ---------------------------------------------------------------------------

    def generic_lead(
        self, at: datetime, steps: int, link: tuple[str, str] | None, others: list[str]
    ) -> str:
        key = f"L-{self.number()}"
        random = self.random
        status = random.choice(["inquiry", "inquiry", "mql", ""])
        state = {
            "lead_id": key,
            "created_at": self.text(at),
            "email": f"{key}@example.org",
            "company": random.choice(["Initech", ""]),
            "lead_source": random.choice(_SOURCES),
            "score": random.choice(["", "55", "85"]),
            "owner_id": random.choice(["g-anna", "g-bert", ""]),
            "status": status,
            "is_deleted": "false",
            "merged_into": "",
            "other_system": link[0] if link else "",
            "other_system_id": link[1] if link else "",
        }
        for name in _ATTRIBUTES.values():
            state[_GENERIC_NAMES.get(name, name)] = random.choice(_ATTRIBUTE_VALUES)
        moment = at
        self._generic_version(state, at)
        for _ in range(steps):
            moment = self.later(moment)
            if moment > AS_OF + timedelta(days=3):
                break
            name, choices = random.choice(
                [
                    ("status", _GENERIC_STAGES),
                    ("status", _GENERIC_STAGES),
                    ("status", _GENERIC_STAGES),
                    ("score", ["40", "60", "90"]),
                    ("owner_id", ["g-anna", "g-bert", ""]),
                ]
            )
            new = random.choice(choices)
            old = state[name] if not self.chance(0.04) else "lost"
            recorded = moment + timedelta(seconds=random.choice([0, 0, 0, 60, 864_000, -7200]))
            event = {
                "event_id": f"E-{self.number()}",
                "lead_id": key,
                "field": name,
                "old_value": old,
                "new_value": new,
                "occurred_at": self.text(moment),
                "recorded_at": self.text(recorded),
                "actor_id": random.choice(["g-anna", "g-bert", "g-ghost", ""]),
                "reason": random.choice([*_REASONS, "Campaign import"]),
            }
            self.land("generic", "lead_events", recorded, event)
            state[name] = new
            if self.chance(0.5):
                self._generic_version(state, moment)
        if others and self.chance(0.1):
            state["merged_into"] = random.choice(others)
        elif self.chance(0.05):
            state["is_deleted"] = "true"
        self._generic_version(state, self.later(moment))
        self._generic_activities(key, at)
        for _ in range(random.choice([0, 0, 1, 2])):
            self._generic_opportunity(key, self.later(at))
        return key

    def _generic_version(self, state: dict[str, str], at: datetime) -> None:
        self.land("generic", "leads", at, dict(state, updated_at=self.text(at)))

    def _generic_activities(self, key: str, at: datetime) -> None:
        for _ in range(self.random.choice([0, 1, 3])):
            moment = self.later(at)
            recorded = moment + timedelta(seconds=self.random.choice([0, 60, 90_000]))
            row = {
                "activity_id": f"A-{self.number()}",
                "lead_id": key,
                "user_id": self.random.choice(["g-anna", "g-bert", ""]),
                "channel": self.random.choice(["call", "email", "none", "fax"]),
                "status": self.random.choice(["completed", "completed", "planned"]),
                "occurred_at": self.text(moment),
                "recorded_at": self.text(recorded),
                "subject": "hello",
            }
            self.land("generic", "activities", recorded, row)

    @staticmethod
    def loss_reason(opportunity: str) -> str:
        """By the id alone, so that older companies of fixed seeds stay as they were."""
        return Random(opportunity).choice(["Competitor", "Price", "Timing", ""])

    def _generic_opportunity(self, key: str, at: datetime) -> None:
        opportunity = f"O-{self.number()}"
        row = {
            "opportunity_id": opportunity,
            "lead_id": key,
            "created_at": self.text(at),
            "stage": "open",
            "amount": self.random.choice(["", "500"]),
            "currency": "EUR",
            "is_closed": "false",
            "is_won": "false",
            "closed_at": "",
            "owner_id": "g-anna",
            "created_by": self.random.choice(["g-anna", "g-ghost", ""]),
        }
        moment = at
        if self.chance(0.8):
            self.land("generic", "opportunities", at, dict(row, updated_at=self.text(at)))
        while self.chance(0.6):
            moment = self.later(moment)
            is_won = self.chance(0.5)
            row |= {
                "is_closed": "true",
                "is_won": self.flag(is_won),
                "stage": "won" if is_won else "lost",
                "closed_at": self.text(moment),
                "closed_by": self.random.choice(["g-bert", ""]),
                "loss_reason": "" if is_won else self.loss_reason(opportunity),
            }
            self.land("generic", "opportunities", moment, dict(row, updated_at=self.text(moment)))

    def moved_opportunities(self, leads: list[str]) -> None:
        """Some opportunities of the plain route are given to another lead later."""
        newest: dict[str, tuple[datetime, dict[str, str]]] = {}
        for landed in self.rows:
            if landed.object == "opportunities":
                at = parse_instant(landed.row["updated_at"], ZoneInfo("UTC"))
                assert at is not None
                key = landed.row["opportunity_id"]
                if key not in newest or newest[key][0] <= at:
                    newest[key] = (at, landed.row)
        for at, row in newest.values():
            if leads and self.chance(0.2):
                moment = self.later(at) + timedelta(seconds=1)
                moved = {"lead_id": self.random.choice(leads), "updated_at": self.text(moment)}
                self.land("generic", "opportunities", moment, row | moved)


class _SalesforceLead:
    """One Salesforce lead with its history, its activities, its opportunities."""

    def __init__(self, company: _Company, at: datetime) -> None:
        self.company = company
        self.key = company.salesforce_id("00Q")
        self.contact = company.salesforce_id("003")
        self.is_converted = False
        random = company.random
        self.state = {
            "IsDeleted": "false",
            "MasterRecordId": "",
            "FirstName": "Ana",
            "LastName": "Lee",
            "Company": random.choice(["Acme", "Über GmbH", "Initech"]),
            "LeadSource": random.choice(_SOURCES),
            "Status": random.choice(["Open", "Open", "Marketing Qualified", "Accepted", ""]),
            "OwnerId": random.choice([*REPS, QUEUE, QUEUE, "", NEVER_DELIVERED]),
            "IsConverted": "false",
            "ConvertedContactId": "",
            "ConvertedOpportunityId": "",
            "CreatedById": random.choice([SYNC, SYNC, *_PEOPLE]),
            "Rejection_Reason__c": random.choice(["", "", "", "No budget"]),
        }
        for name in _ATTRIBUTES:
            self.state[name] = random.choice(_ATTRIBUTE_VALUES)
        if company.other.random() < 0.25:
            self.state["OwnerId"] = company.other.choice(BDRS)
        self.created = at
        self.moment = at
        self.opportunities: list[str] = []
        self.version(at)

    def run(self, steps: int, promoted: list[datetime]) -> None:
        """Take some steps, many of them soon after marketing promoted the lead."""
        company = self.company
        for _ in range(steps):
            ahead = [moment for moment in promoted if moment > self.moment]
            if ahead and company.chance(0.6):
                self.moment = ahead[0]
                if company.chance(0.3):
                    company.activities_of(self.key, self.moment)
            self.moment = company.later(self.moment)
            if self.moment > AS_OF + timedelta(days=3):
                break
            self.step()
        self.version(self.moment)
        company.activities_of(self.key, self.created)
        if self.is_converted:
            company.activities_of(self.contact, self.moment)

    def version(self, at: datetime) -> None:
        company = self.company
        row = {"Id": company.written_id(self.key), **self.state}
        for name in ("ConvertedContactId", "ConvertedOpportunityId"):
            row[name] = company.written_id(row[name]) if row[name] else ""
        row["CreatedDate"] = company.text(self.created)
        row["LastModifiedDate"] = row["SystemModstamp"] = company.text(at)
        company.land("salesforce", "Lead", at, row)

    def history(self, name: str, old: str, new: str, actor: str, kind: str = "Text") -> None:
        company = self.company
        if company.chance(0.03):
            return  # a gap in the history
        row = {
            "Id": company.written_id(company.salesforce_id("017")),
            "IsDeleted": company.flag(company.chance(0.02)),
            "LeadId": company.written_id(self.key),
            "CreatedById": company.written_id(actor[:15]),
            "CreatedDate": company.text(self.moment),
            "Field": name,
            "DataType": kind,
            "OldValue": old,
            "NewValue": new,
        }
        company.land("salesforce", "LeadHistory", self.moment, row)

    def change(self, name: str, new: str, actor: str) -> None:
        old = self.state[name]
        if old != new:
            self.history(name, old, new, actor)
            self.state[name] = new

    def step(self) -> None:
        company, random = self.company, self.company.random
        actor = company.actor()
        kind = random.random()
        if self.state["Status"] in ("Marketing Qualified", "Accepted") and company.chance(0.12):
            # A timer runs out: to the second, or in a nightly batch some time after it.
            delay = timedelta(days=random.choice([2, 14, 14, 30]))
            if company.chance(0.5):
                delay += timedelta(hours=random.randrange(24))
            self.moment += delay
            actor, kind = random.choice([TIMER, TIMER, FAST_TRACK]), 0.0
        if kind < 0.62:
            status = self.state["Status"]
            likely = _LIKELY_AFTER.get(status, ["Marketing Qualified", "Accepted"])
            new = random.choice(likely if company.chance(0.85) else _STATUSES)
            self.change("Status", new, actor)
            if new in _GIVEN_UP and company.chance(0.8):
                if company.chance(0.3):
                    self.moment += timedelta(seconds=random.choice([0, 1, 90]))
                reason = random.choice(_REASONS)
                if company.other.random() < 0.3:
                    reason = company.other.choice(["Duplicate", "Competitor"])
                self.change("Rejection_Reason__c", reason, actor)
            if new == "Accepted" and company.chance(0.5):
                self.own(actor if actor in REPS else random.choice(REPS), actor)
            if new == "Converted":
                self.convert(actor)
        elif kind < 0.82:
            self.own(random.choice([*REPS, QUEUE, ""]), actor)
        elif kind < 0.92:
            self.change(random.choice(list(_ATTRIBUTES)), random.choice(["yes", "no", ""]), actor)
        else:
            self.opportunity(self.moment)
        if company.chance(0.45):
            self.version(self.moment)

    def own(self, new: str, actor: str) -> None:
        """Owner changes are written twice, with names and with ids."""
        old = self.state["OwnerId"]
        if old == new:
            return
        company = self.company
        names = [_NAMES.get(user, f"Person {user[9:12]}") if user else "" for user in (old, new)]
        self.history("Owner", names[0], names[1], actor, "Text")
        self.history(
            "Owner",
            company.written_id(old[:15]) if old else "",
            company.written_id(new[:15]) if new else "",
            actor,
            "EntityId",
        )
        self.state["OwnerId"] = new

    def convert(self, actor: str) -> None:
        if self.is_converted:
            return
        self.is_converted = True
        self.history("leadConverted", "", "", actor)
        self.state["IsConverted"] = "true"
        self.state["ConvertedContactId"] = self.contact
        if self.company.chance(0.8):
            at = self.moment
            if self.company.chance(0.3):
                at = self.company.later(at)
            key = self.company.opportunity(at, self.contact, self.company.chance(0.5))
            self.state["ConvertedOpportunityId"] = key

    def opportunity(self, at: datetime) -> None:
        self.company.opportunity(at, self.contact, True)

    def merge_into(self, winner: str) -> None:
        self.moment = self.company.later(self.moment)
        self.state |= {"IsDeleted": "true", "MasterRecordId": self.company.written_id(winner)}
        self.version(self.moment)

    def delete(self) -> None:
        self.moment = self.company.later(self.moment)
        self.state["IsDeleted"] = "true"
        self.version(self.moment)


def random_company(seed: int, leads: int) -> list[Landed]:
    """Return the landed rows of a company with about this many leads, the same for a seed."""
    company = _Company(seed)
    random = company.random
    company.users()
    company.campaigns()
    salesforce: list[_SalesforceLead] = []
    marketo: list[str] = []
    generic: list[str] = []
    for _ in range(leads):
        start = company.start()
        kind = random.random()
        steps = random.choice([0, 1, 2, 3, 4, 5, 6, 9])
        native: _SalesforceLead | None = None
        if kind < 0.78:
            delay = timedelta(seconds=random.choice([0, 0, 5, 3600, 86_400]))
            native = _SalesforceLead(company, start + delay)
        promoted: list[datetime] = []
        if kind < 0.66 or 0.78 <= kind < 0.86:
            links: dict[str, str] = {}
            if native is not None:
                links = {"sfdcLeadId": company.written_id(native.key), "sfdcType": "Lead"}
                if company.chance(0.3):
                    links["sfdcContactId"] = company.written_id(native.contact)
                    links["sfdcType"] = "Contact"
                    if company.chance(0.3):
                        links["sfdcLeadId"] = ""
            promoted = company.marketo_lead(
                start, random.choice([1, 2, 3, 5, 7]), links, company.chance(0.3), marketo
            )
        if native is not None:
            native.run(steps, promoted)
            if salesforce and company.chance(0.10):
                native.merge_into(random.choice(salesforce).key)
            elif company.chance(0.03):
                native.delete()
            salesforce.append(native)
        if kind >= 0.84:
            link = None
            if salesforce and company.chance(0.25):
                link = ("salesforce", company.written_id(random.choice(salesforce).key))
            elif marketo and company.chance(0.15):
                link = ("marketo", random.choice(marketo))
            generic.append(company.generic_lead(start, steps + 1, link, generic))
        if native is not None and company.chance(0.3):
            company.land(
                "salesforce",
                "CampaignMember",
                start,
                {
                    "Id": company.written_id(company.salesforce_id("00v")),
                    "IsDeleted": "false",
                    "LeadId": company.written_id(native.key),
                    "CampaignId": f"701Hs00000C000{random.randrange(3)}",
                    "CreatedDate": company.text(start),
                    "SystemModstamp": company.text(start),
                },
            )
    company.parts_of_scores()
    company.more_opportunities(salesforce)
    company.deals_of_the_rejected(salesforce)
    company.moved_opportunities(generic)
    hubspot(company, max(1, leads // 6), [(one.key, one.contact) for one in salesforce])
    company.rows = in_days(company.rows, seed)
    if leads >= 100:
        company.unlisted_timer()
    return company.rows


def scatter(
    rows: Iterable[Landed], random: Random, first: date, last: date, twice: float = 0.1
) -> list[Landed]:
    """Deliver the same rows on random nights between two dates, in any order, some twice.

    Rows without a stamp of their own keep their night, because their night is their stamp; rows
    of a key that share a stamp keep theirs too, because the later night wins among them.
    """
    rows = list(rows)
    stamps = Counter((row.source, row.object, *_key_and_stamp(row)) for row in rows)
    result: list[Landed] = []
    span = (last - first).days
    for row in rows:
        is_tied = stamps[row.source, row.object, *_key_and_stamp(row)] > 1
        if is_tied or row.object in ("users", "activity_types") or row.folder_date > last:
            result.append(row)
            continue
        for _ in range(2 if random.random() < twice else 1):
            night = first + timedelta(days=random.randint(0, span))
            result.append(Landed(row.source, row.object, night, row.row))
    random.shuffle(result)
    return result


def _key_and_stamp(landed: Landed) -> tuple[str | None, datetime | None]:
    row = clean(landed.source, landed.row)
    key = row.get(KEY_FIELDS.get((landed.source, landed.object), "Id"))
    for name in STAMP_FIELDS.get((landed.source, landed.object), ("SystemModstamp",)):
        stamp = parse_instant(row.get(name), ZoneInfo("UTC"))
        if stamp is not None:
            return key, stamp
    return key, None


def write_extracts(rows: Iterable[Landed], root: Path, random: Random | None = None) -> list[Path]:
    """Write rows as `<root>/<source>/<object>/<night>/part-<n>.<format>`; return the files.

    With a random source each folder's rows are shuffled, split over files and written in any of
    the text formats; without one each folder is one CSV file in the order given.
    """
    folders: dict[tuple[str, str, date], list[dict[str, str]]] = defaultdict(list)
    for landed in rows:
        folders[landed.source, landed.object, landed.folder_date].append(landed.row)
    written = []
    for (source, name, night), found in folders.items():
        folder = Path(root) / source / name / night.isoformat()
        folder.mkdir(parents=True, exist_ok=True)
        parts = [found]
        if random is not None:
            random.shuffle(found)
            cut = random.randint(0, len(found))
            parts = [part for part in (found[:cut], found[cut:]) if part]
        for number, part in enumerate(parts):
            form = random.choice(["csv", "csv.gz", "jsonl", "jsonl.gz"]) if random else "csv"
            path = folder / f"part-{number}.{form}"
            path.write_bytes(_encoded(part, form))
            written.append(path)
    return written


def read_extracts(root: Path) -> list[Landed]:
    """Read text extracts back as landed rows, numbers and booleans of JSON as their texts."""
    rows = []
    for path in sorted(Path(root).glob("*/*/*/*")):
        source, name, night = path.relative_to(root).parts[:3]
        content = path.read_bytes()
        if path.suffix == ".gz":
            content = gzip.decompress(content)
        text = content.decode("utf-8-sig")
        found: list[dict[str, str]] = []
        if ".csv" in path.suffixes:
            found = list(csv.DictReader(io.StringIO(text, newline="")))
        elif ".jsonl" in path.suffixes:
            for line in text.splitlines():
                found.append({key: _as_text(value) for key, value in json.loads(line).items()})
        rows += [Landed(source, name, date.fromisoformat(night), row) for row in found]
    return rows


def _as_text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else json.dumps(value)


def _encoded(rows: list[dict[str, str]], form: str) -> bytes:
    text = io.StringIO(newline="")
    if form.startswith("csv"):
        names = list(dict.fromkeys(name for row in rows for name in row))
        writer = csv.DictWriter(text, names, restval="", lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    else:
        for row in rows:
            text.write(json.dumps(row, ensure_ascii=False) + "\n")
    content = text.getvalue().encode()
    return gzip.compress(content, mtime=0) if form.endswith(".gz") else content
