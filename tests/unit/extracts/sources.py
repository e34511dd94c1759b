"""The simulated sources in one form: records have nothing but a number, a stamp and a text.

What must hold for every connector is tested on these; what a source has of its own is tested on its
simulator.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import httpx

from lead_handoff.catalogue import CATALOGUE
from lead_handoff.extracts import hubspot, marketo, salesforce
from lead_handoff.extracts.connection import Connection
from lead_handoff.extracts.http import Patience, client
from lead_handoff.extracts.marketo_session import Rate
from lead_handoff.extracts.pulling import Pace, Pulled
from tests.simulators import faulty
from tests.simulators import hubspot as hubspot_simulator
from tests.simulators import marketo as marketo_simulator
from tests.simulators import salesforce as salesforce_simulator
from tests.unit.extracts.folders import AWKWARD, rows_of

QUICK = Patience(attempts=2, first=0.0001, timeout=5, sleep=lambda _: None)
PACES = {
    "salesforce": replace(Pace(), poll=0),
    "marketo": replace(marketo.PACE, poll=0),
    "hubspot": hubspot.PACE,
}
"""Source -> the pace of its pulls, without the pauses between polls."""
OBJECTS = {
    "salesforce": ("Lead", "User"),
    "marketo": ("leads", "activities"),
    "hubspot": ("contacts", "calls", "contact_property_history"),
}
"""Source -> objects that are read in ways that differ."""


@dataclass(frozen=True)
class Record:
    """A record: its number, which is not 0, its stamp, and when others see it."""

    number: int
    stamp: datetime
    seen_from: datetime

    @property
    def text(self) -> str:
        """A value that is hard to write down."""
        return AWKWARD[self.number % len(AWKWARD)]

    @property
    def is_gone(self) -> bool:
        """Whether it was deleted or archived at its stamp, where that is told apart."""
        return (self.number // 4 + self.number) % 2 == 1


@dataclass(frozen=True)
class Source:
    """A simulated source and one of its objects."""

    name: str
    object: str
    world: Any
    address: str
    http: httpx.Client
    extra: Mapping[str, Any] = field(default_factory=dict)

    def show(self, records: list[Record], now: datetime, skew: timedelta = timedelta(0)) -> None:
        """Let the source show what was committed by now, and another time than now."""
        self.world.now = now + skew
        seen = [each for each in records if each.seen_from <= now]
        if self.name == "salesforce":
            self.world.records |= {self.object: [self._row(each) for each in seen]}
        elif self.name == "hubspot":
            of = hubspot.HISTORIES.get(self.object, (self.object,))[0]
            self.world.records |= {of: [self._of_hubspot(each, of) for each in seen]}
            self.world.contacts_of |= {
                (of, str(each.number)): [str(n) for n in range(1, each.number % 6)] for each in seen
            }
        elif self.object == "leads":
            self.world.leads = [self._row(each) for each in seen]
        else:
            self.world.activities = [self._row(each) for each in seen if not each.is_gone]
            self.world.deletions = [self._row(each) for each in seen if each.is_gone]

    def _row(self, record: Record) -> dict[str, Any]:
        spec = CATALOGUE[self.name][self.object]
        at = record.stamp.isoformat()
        row: dict[str, Any] = dict.fromkeys([each.name for each in spec.columns], record.text)
        row |= {spec.key: str(record.number), spec.stamps[0]: at}
        if self.object == "leads":
            return row | {"createdAt": at}
        if self.object == "activities":
            kind = marketo.DELETION if record.is_gone else 13
            return row | {"activityTypeId": kind, "attributes": [] if record.is_gone else {}}
        return row

    def _of_hubspot(self, record: Record, of: str) -> dict[str, Any]:
        """A record that was archived at its stamp was not changed then."""
        at = record.stamp.isoformat()
        changed = (record.stamp - timedelta(days=100)).isoformat() if record.is_gone else at
        names = [each.name for each in CATALOGUE["hubspot"][of].columns]
        modified = "lastmodifieddate" if of == "contacts" else "hs_lastmodifieddate"
        entry = {"value": record.text, "timestamp": at, "sourceType": "CRM_UI", "sourceId": "s"}
        return {
            "id": str(record.number),
            "createdAt": changed,
            "updatedAt": changed,
            "archived": record.is_gone,
            "archivedAt": at if record.is_gone else None,
            "properties": dict.fromkeys(names, record.text) | {modified: changed},
            "history": {kept: [entry] for kept in hubspot.KEPT.get(of, ())[:1]},
        }

    def session(
        self, patience: Patience = QUICK, monotonic: Callable[[], float] | None = None
    ) -> Any:
        """A new session, as a new process has one, over a client that is kept: it is dear.

        It keeps the source's pace by the clock that is given, or none.
        """
        world = self.world
        kind, login, password = {
            "salesforce": lambda: (salesforce.Session, world.client_id, world.client_secret),
            "marketo": lambda: (marketo.Session, world.client_id, world.client_secret),
            "hubspot": lambda: (hubspot.Session, "", world.token),
        }[self.name]()
        extra = {"since": "2026-02-20", **self.extra} if self.name == "marketo" else {}
        given = Connection(f"{self.name}_default", self.address, login, password, extra)
        session = kind(given, self.http, patience)
        if self.name == "marketo":
            session.rate = Rate(clock=monotonic) if monotonic else Rate(100_000)
        elif self.name == "hubspot" and monotonic:
            session.monotonic = monotonic
        return session

    def pull(
        self,
        night: date,
        root: Path,
        pace: Pace | None = None,
        patience: Patience = QUICK,
        monotonic: Callable[[], float] | None = None,
    ) -> Pulled | None:
        """Pull a night by a session of its own."""
        module: Any = {"salesforce": salesforce, "marketo": marketo, "hubspot": hubspot}[self.name]
        done: Pulled | None = module.pull(
            self.session(patience, monotonic), self.object, night, root, pace or PACES[self.name]
        )
        return done

    def numbers(self, folder: Path) -> list[int]:
        """Numbers of the records in a night's folder, as often as they are there."""
        key = CATALOGUE[self.name][self.object].key
        if self.object in hubspot.HISTORIES:
            key = hubspot.HISTORIES[self.object][1]
        return [int(str(row[key])) for row in rows_of(folder)]


@contextmanager
def serving(
    name: str, object_name: str, world: Any = None, over: type | None = None
) -> Iterator[Source]:
    """A source that answers; ``over`` is a class to be put over its handler."""
    module, empty = {
        "salesforce": (salesforce_simulator, lambda: salesforce_simulator.Organisation({})),
        "marketo": (marketo_simulator, lambda: marketo_simulator.Subscription([], [])),
        "hubspot": (hubspot_simulator, lambda: hubspot_simulator.Account({})),
    }[name]
    world = world or empty()
    world.faults.random = Random(0)  # tokens of the same length each time
    handler: Any = module.Handler
    if over is not None:
        handler = type("Over", (over, handler), {})
    with faulty.serving(world, handler) as address, client(QUICK) as http:
        yield Source(name, object_name, world, address, http)
