"""What the sources purge stays in the archive, as long as the pulls are not too far apart.

Salesforce empties its recycle bin after 15 days, taking a lead's history along, and forgets changes
of fields after 24 months; Marketo forgets activities after 90 days and deletions after 14.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest

from lead_handoff.catalogue import CATALOGUE
from lead_handoff.extracts import marketo, salesforce
from lead_handoff.extracts.connection import Connection
from lead_handoff.extracts.http import Patience
from lead_handoff.extracts.marketo_session import Rate
from lead_handoff.extracts.pulling import Pace
from tests.simulators import marketo as marketo_simulator
from tests.simulators import salesforce as salesforce_simulator
from tests.simulators.marketo import Subscription
from tests.simulators.salesforce import Organisation
from tests.unit.extracts.folders import rows_of
from tests.warehouse.landing.conftest import Delivery

Row = dict[str, Any]

FIRST_PULL = datetime(2024, 5, 1, 0, 20, tzinfo=UTC)
TWO_YEARS = timedelta(days=730)
LONGEST_GAP = 13
RECYCLE_BIN = timedelta(days=15)
HISTORY = timedelta(days=730)
ACTIVITIES = timedelta(days=90)
DELETIONS = timedelta(days=14)
SALESFORCE = ("Lead", "LeadHistory", "Task")
TABLES = (
    *("raw_salesforce.lead", "raw_salesforce.lead_history", "raw_salesforce.task"),
    "raw_marketo.activities",
)
STATUSES = ("Open", "MQL", "SAL", "SQL", "Recycled")
QUICK = Patience(attempts=3, first=0.0001, timeout=5, sleep=lambda _: None)
UNHURRIED = {
    "salesforce": Pace(poll=0),
    "marketo": Pace(lag=marketo.PACE.lag, longest=marketo.PACE.longest, poll=0),
}
"""The paces of the product, but for the waiting."""


def stamp(at: datetime) -> str:
    return f"{at:%Y-%m-%dT%H:%M:%SZ}"


def at(row: Row, name: str) -> datetime:
    return datetime.fromisoformat(row[name])


@dataclass
class Company:
    """What has happened in both systems since their beginning, nothing of it forgotten."""

    random: Random
    records: dict[str, list[Row]] = field(default_factory=lambda: {n: [] for n in SALESFORCE})
    activities: list[Row] = field(default_factory=list)
    deletions: list[Row] = field(default_factory=list)

    def record(self, name: str, when: datetime, **values: str) -> Row:
        row: Row = {each.name: None for each in CATALOGUE["salesforce"][name].columns}
        number = len(self.records[name])
        row |= {"Id": f"{SALESFORCE.index(name) + 1:03}{number:012}", "IsDeleted": "false"}
        row |= {"CreatedDate": stamp(when)} | values
        if "SystemModstamp" in row:
            row["SystemModstamp"] = stamp(when)
        self.records[name].append(row)
        return row

    def marketo_row(self, lead: Row, when: datetime, kind: int) -> Row:
        made = len(self.activities) + len(self.deletions)
        return {
            "marketoGUID": f"{made}",
            "leadId": int(lead["Id"][3:]) + 1,
            "activityDate": stamp(when),
            "activityTypeId": kind,
            "campaignId": None,
            "primaryAttributeValueId": made,
            "primaryAttributeValue": "Lead Status",
            "attributes": {"Old Value": "Open", "New Value": "MQL"},
        }

    def living(self, name: str) -> list[Row]:
        return [row for row in self.records[name] if row["IsDeleted"] == "false"]

    def capture(self, when: datetime) -> None:
        self.record("Lead", when, Status="Open", LastName="Doe", Company="Acme")

    def change(self, when: datetime) -> None:
        lead = self.random.choice(self.living("Lead"))
        new = self.random.choice(STATUSES)
        changed = {"Field": "Status", "OldValue": lead["Status"], "NewValue": new}
        self.record("LeadHistory", when, LeadId=lead["Id"], **changed)
        lead.update(Status=new, SystemModstamp=stamp(when))

    def call(self, when: datetime) -> None:
        lead = self.random.choice(self.living("Lead"))
        self.record("Task", when, WhoId=lead["Id"], IsClosed="true", CompletedDateTime=stamp(when))

    def behave(self, when: datetime) -> None:
        lead = self.random.choice(self.living("Lead"))
        self.activities.append(self.marketo_row(lead, when, self.random.choice([2, 13, 22])))

    def delete(self, when: datetime) -> None:
        """Delete a lead in both systems; half of them are merged into another one."""
        gone, kept = self.random.sample(self.living("Lead"), 2)
        gone.update(IsDeleted="true", SystemModstamp=stamp(when))
        if self.random.random() < 0.5:
            gone["MasterRecordId"] = kept["Id"]
        row = self.marketo_row(gone, when, marketo.DELETION)
        self.deletions.append(row | {"attributes": [{"name": "Reason", "value": "spam"}]})

    def delete_task(self, when: datetime) -> None:
        task = self.random.choice(self.living("Task"))
        task.update(IsDeleted="true", SystemModstamp=stamp(when))

    def live(self, since: datetime, until: datetime) -> None:
        """Whatever happens in a stretch of time, in the order in which it happens."""
        for day in range((until - since).days):
            for second in sorted(self.random.randrange(86_400) for _ in range(2)):
                when = since + timedelta(days=day, seconds=second)
                doings = [self.change, self.change, self.call, self.behave, self.capture]
                doings += [self.delete] * (len(self.living("Lead")) > 8)
                doings += [self.delete_task] * (len(self.living("Task")) > 8)
                self.random.choice(doings)(when)

    def show(self, org: Organisation, world: Subscription, now: datetime, purge: bool) -> None:
        """Let the two systems hold what they would at a moment."""
        org.now = world.now = now
        if not purge:
            org.records = {name: list(rows) for name, rows in self.records.items()}
            world.activities, world.deletions = list(self.activities), list(self.deletions)
            return
        binned = {
            row["Id"]
            for name in ("Lead", "Task")
            for row in self.records[name]
            if row["IsDeleted"] == "true" and at(row, "SystemModstamp") <= now - RECYCLE_BIN
        }
        org.records = {
            name: [row for row in rows if not binned & {row["Id"], row.get("LeadId")}]
            for name, rows in self.records.items()
        }
        org.records["LeadHistory"] = [
            row for row in org.records["LeadHistory"] if at(row, "CreatedDate") > now - HISTORY
        ]
        world.activities, world.deletions = (
            [row for row in rows if at(row, "activityDate") > now - kept]
            for rows, kept in ((self.activities, ACTIVITIES), (self.deletions, DELETIONS))
        )


@dataclass
class Archive:
    """Two simulated systems, and the folders into which they are pulled night after night."""

    root: Path
    purges: bool
    org: Organisation
    world: Subscription
    sessions: dict[str, Any]

    def pull(self, company: Company, now: datetime) -> None:
        company.show(self.org, self.world, now, self.purges)
        wanted = [*(("salesforce", name) for name in SALESFORCE), ("marketo", "activities")]
        for source, name in wanted:
            reader = salesforce if source == "salesforce" else marketo
            session, pace = self.sessions[source], UNHURRIED[source]
            assert reader.pull(session, name, now.date(), self.root, pace) is not None

    def rows(self, source: str, name: str) -> list[Row]:
        folders = (self.root / source / name).glob("2*")
        return [row for folder in folders for row in rows_of(folder)]

    def ids(self, source: str, name: str, key: str = "Id") -> set[object]:
        return {row[key] for row in self.rows(source, name)}

    def deleted_leads(self) -> set[object]:
        rows = self.rows("salesforce", "Lead")
        return {row["Id"] for row in rows if row["IsDeleted"] == "true"}


def archive_of(root: Path, purges: bool, stack: ExitStack) -> Archive:
    org, world = Organisation({}), Subscription([], [])
    org_at = stack.enter_context(salesforce_simulator.serving(org))
    world_at = stack.enter_context(marketo_simulator.serving(world))
    extra = {"since": f"{FIRST_PULL - timedelta(days=80):%Y-%m-%d}"}
    to_org = Connection("salesforce_default", org_at, org.client_id, org.client_secret)
    to_world = Connection("marketo_default", world_at, world.client_id, world.client_secret, extra)
    sessions = {
        "salesforce": stack.enter_context(salesforce.session(to_org, QUICK)),
        "marketo": stack.enter_context(marketo.session(to_world, QUICK)),
    }
    sessions["marketo"].rate = Rate(100_000)
    return Archive(root, purges, org, world, sessions)


@pytest.fixture
def archives(tmp_path: Path) -> Iterator[list[Archive]]:
    """One of systems that purge, and one of systems that never do."""
    with ExitStack() as stack:
        yield [archive_of(tmp_path / str(purges), purges, stack) for purges in (True, False)]


def company_before_the_first_pull(seed: int) -> Company:
    """Twenty months of Salesforce and eighty days of Marketo, which neither has purged yet."""
    company = Company(Random(seed))
    begun = FIRST_PULL - timedelta(days=610)
    for hour in range(6):
        company.capture(begun + timedelta(hours=hour))
    for month in range(20):
        company.change(begun + timedelta(days=30 * month + 1))
        company.call(begun + timedelta(days=30 * month + 2))
    for day in range(0, 78, 6):
        company.behave(FIRST_PULL - timedelta(days=80 - day))
    return company


def raw_rows(delivery: Delivery, archive: Archive, night: date) -> dict[str, Counter[str]]:
    """All that an archive lands, whatever names the load apart."""
    delivery.empty()
    landing = replace(delivery, root=archive.root)
    for source in ("salesforce", "marketo"):
        landing.land(source, night)
    assert landing.quarantine() == []
    return {
        table: Counter(
            repr({name: value for name, value in row.items() if name != "_load_id"})
            for row in landing.raw(table)
        )
        for table in TABLES
    }


def test_two_years_of_purging_lose_nothing(
    archives: list[Archive], module_delivery: Delivery
) -> None:
    company, now = company_before_the_first_pull(20240501), FIRST_PULL
    gaps = Random(20240501)
    while now < FIRST_PULL + TWO_YEARS:
        for archive in archives:
            archive.pull(company, now)
        later = now + timedelta(days=gaps.choice([1, 5, LONGEST_GAP, LONGEST_GAP]))
        company.live(now, later)
        # A pull stays some minutes behind the clock: what happened last comes with the next one.
        now = later + timedelta(minutes=15)
    for archive in archives:
        archive.pull(company, now)

    purging, remembering = archives
    for name in SALESFORCE:
        assert len(purging.org.records[name]) < 0.8 * len(company.records[name])
    assert len(purging.world.activities) < 0.2 * len(company.activities)
    assert len(purging.world.deletions) < 0.2 * len(company.deletions)

    kept = raw_rows(module_delivery, purging, now.date())
    assert kept == raw_rows(module_delivery, remembering, now.date())
    happened = company.activities + company.deletions
    assert kept["raw_marketo.activities"].total() == len(happened)
    for name in ("LeadHistory", "Task"):
        ids = {row["Id"] for row in company.records[name]}
        assert purging.ids("salesforce", name) == ids
    gone = {row["Id"] for row in company.records["Lead"] if row["IsDeleted"] == "true"}
    assert len(gone) > 20
    assert purging.deleted_leads() == gone


@pytest.mark.parametrize(
    ("days", "known_to"),
    [(13, {"marketo", "salesforce"}), (14, {"salesforce"}), (15, set())],
)
def test_a_deletion_is_lost_by_pulls_that_are_too_far_apart(
    days: int, known_to: set[str], archives: list[Archive]
) -> None:
    company, archive = company_before_the_first_pull(7), archives[0]
    # As late as it can be without being seen by the first pull, which stays behind the clock.
    company.delete(FIRST_PULL - timedelta(minutes=4))
    archive.pull(company, FIRST_PULL)
    assert archive.deleted_leads() == set()
    archive.pull(company, FIRST_PULL + timedelta(days=days))
    deletions = {row["marketoGUID"] for row in company.deletions}
    seen = {
        "salesforce": bool(archive.deleted_leads()),
        "marketo": bool(deletions & archive.ids("marketo", "activities", "marketoGUID")),
    }
    assert {source for source, is_known in seen.items() if is_known} == known_to
