"""A small language for hand-worked cases: what happened to a lead, as native rows."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from tests.oracle.company import Landed
from tests.oracle.oracle import Judged, judge
from tests.oracle.transitions import Transition

ALICE = "005Hs000000Ha2HIAS"  # rep, East, quota-bearing
ELENA = "005Hs000000HiYjIAK"  # rep, West, quota-bearing
KATRIN = "005Hs000000HtDIIA0"  # rep, Europe, quota-bearing
OLIVIA = "005Hs000000I1jkIAC"  # BDR, East, not quota-bearing
TIMER = "005Hs000000Ie5mIAC"  # on the automation list
QUEUE = "00GHs000000Q1abMAC"
LEAD_15 = "00QHs0000000001"


def at(text: str) -> datetime:
    """An instant in UTC from `YYYY-MM-DD HH:MM[:SS[.fff]]`."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def stamp(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z"


class Story:
    """Collects rows; every row lands in one folder, so that only stamps and times decide."""

    def __init__(self, agreement: Path) -> None:
        self.agreement = agreement
        self.rows: list[Landed] = []
        self.count = 0

    def land(self, source: str, name: str, **row: str) -> None:
        self.rows.append(Landed(source, name, date(2026, 1, 1), row))

    def number(self) -> int:
        self.count += 1
        return self.count

    def lead(self, when: str, key: str = LEAD_15, created: str | None = None, **fields: str) -> str:
        """A version of a Salesforce lead stamped at a time."""
        row = {"Id": key, "IsDeleted": "false", "Status": "Open", "OwnerId": ALICE}
        row |= {"CreatedDate": stamp(at(created or when)), "CreatedById": OLIVIA}
        row |= {"SystemModstamp": stamp(at(when))} | fields
        self.land("salesforce", "Lead", **row)
        return key

    def history(
        self,
        when: str,
        name: str,
        old: str,
        new: str,
        actor: str = ALICE,
        key: str = LEAD_15,
        event_id: str | None = None,
    ) -> str:
        event_id = event_id or f"017Hs{self.number():013d}"
        self.land(
            "salesforce",
            "LeadHistory",
            Id=event_id,
            LeadId=key,
            CreatedById=actor,
            CreatedDate=stamp(at(when)),
            Field=name,
            OldValue=old,
            NewValue=new,
        )
        return event_id

    def status(self, when: str, old: str, new: str, actor: str = ALICE, **more: str) -> str:
        return self.history(when, "Status", old, new, actor, **more)

    def owner(self, when: str, old: str, new: str, key: str = LEAD_15) -> None:
        """An owner change, written twice as Salesforce does."""
        self.history(
            when, "Owner", "Some Name" if old else "", "Other Name" if new else "", key=key
        )
        self.history(when, "Owner", old, new, key=key)

    def marketo(self, when: str, key: str = "1", link: str = LEAD_15, **fields: str) -> None:
        row = {"id": key, "sfdcLeadId": link, "leadStatus": "", "leadScore": ""}
        row |= {"createdAt": stamp(at(when)), "updatedAt": stamp(at(when))} | fields
        self.land("marketo", "leads", **row)

    def activity(self, when: str, kind: int, name: str, key: str = "1", **attributes: str) -> None:
        self.land(
            "marketo",
            "activities",
            marketoGUID=f"g{self.number():06d}",
            leadId=key,
            activityDate=stamp(at(when)),
            activityTypeId=str(kind),
            campaignId="null",
            primaryAttributeValue=name,
            attributes=json.dumps({k.replace("_", " "): v for k, v in attributes.items()}),
        )

    def mql(
        self, when: str, old: str = "Inquiry", score: str | None = "85", key: str = "1"
    ) -> None:
        """Marketing hands the lead over, with a score unless it is None."""
        if score is not None:
            self.activity(when, 22, "Lead Score", key, Old_Value="", New_Value=score)
        self.activity(when, 13, "Lead Status", key, Old_Value=old, New_Value="MQL")

    def task(self, when: str, user: str = ALICE, kind: str = "Call", **fields: str) -> None:
        row = {"Id": f"00THs{self.number():013d}", "WhoId": LEAD_15, "OwnerId": user}
        row |= {"Type": kind, "TaskSubtype": "Task", "IsClosed": "true"}
        row |= {"CompletedDateTime": stamp(at(when)), "CreatedDate": stamp(at(when))}
        row |= {"SystemModstamp": stamp(at(when))} | fields
        self.land("salesforce", "Task", **row)

    def opportunity(self, when: str, key: str, stage: str = "Prospecting", **fields: str) -> None:
        row = {"Id": key, "StageName": stage, "IsClosed": "false", "IsWon": "false"}
        row |= {"CreatedDate": stamp(at(when)), "CreatedById": ALICE}
        row |= {"SystemModstamp": stamp(at(when))} | fields
        self.land("salesforce", "Opportunity", **row)

    def stage(self, when: str, key: str, old: str, new: str) -> None:
        self.land(
            "salesforce",
            "OpportunityFieldHistory",
            Id=f"018Hs{self.number():013d}",
            OpportunityId=key,
            CreatedById=ALICE,
            CreatedDate=stamp(at(when)),
            Field="StageName",
            OldValue=old,
            NewValue=new,
        )

    def judged(self, as_of: str) -> Judged:
        moment = at(as_of)
        return judge(self.rows, self.agreement, moment, moment.date() + timedelta(days=1))

    def moves(self, as_of: str) -> list[Transition]:
        found = list(self.judged(as_of).transitions.values())
        assert len(found) == 1, "the story has one lead"
        return found[0]

    def stages(self, as_of: str) -> list[str]:
        return [move.to_stage for move in self.moves(as_of)]
