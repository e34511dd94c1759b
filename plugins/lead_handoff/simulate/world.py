"""What all leads of one simulated company share: its horizon, people, habits and promises."""

from bisect import bisect_right
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from random import Random

from lead_handoff.simulate.calendars import OFFICE_HOURS, WorkingTime
from lead_handoff.simulate.catalogue import LEAD_SOURCES
from lead_handoff.simulate.company import PEOPLE, Person
from lead_handoff.simulate.delivery import DAY, Horizon
from lead_handoff.simulate.identifiers import salesforce_id
from lead_handoff.simulate.plan import (
    HEADQUARTERS,
    SQUATTERS_STOP,
    TEAMS,
    Plan,
    innocent_plan,
    make_plan,
    next_of,
)

BACKLOG_DAYS = 60
BACKLOG_SHARE = 0.12
"""Share of leads that are older than the start, so that some have had 90 days to stall."""

AGREEMENT_CHANGED_ON = date(2026, 4, 1)


@dataclass(frozen=True)
class Promise:
    """What sales promised for a tier: hours of work, days, touches and channels."""

    response_hours: int
    first_touch_hours: int
    follow_up_days: int
    touches: int
    channels: int


PROMISES: dict[tuple[bool, str], Promise] = {
    (False, "A"): Promise(8, 8, 14, 6, 3),
    (False, "B"): Promise(24, 16, 21, 3, 2),
    (True, "A"): Promise(8, 4, 14, 6, 3),
    (True, "B"): Promise(16, 8, 21, 3, 2),
}
"""(under the second version, tier) -> promise; a test holds them equal to the example agreement."""


@dataclass
class World:
    """Everything a lead's life looks up. Instants are epoch seconds, UTC."""

    horizon: Horizon
    seed: int
    leads: int
    calendars: dict[str, WorkingTime]
    plan: Plan
    reps: dict[str, list[Person]]
    bdrs: dict[str, Person]
    people: dict[str, Person]
    agreement_changed_at: int
    arrival_edges: list[float] = field(default_factory=list)
    arrival_days: list[int] = field(default_factory=list)
    campaigns: dict[str, str] = field(default_factory=dict)
    left_at: dict[str, int] = field(default_factory=dict)
    last_lead_at: dict[str, int] = field(default_factory=dict)

    def arrival(self, rng: Random) -> int:
        """Draw the instant at which a lead first responds."""
        if rng.random() < BACKLOG_SHARE:
            day = self.horizon.start_at - int(rng.random() * BACKLOG_DAYS * DAY) // DAY * DAY - DAY
        else:
            spot = bisect_right(self.arrival_edges, rng.random() * self.arrival_edges[-1])
            day = self.arrival_days[min(spot, len(self.arrival_days) - 1)]
        # Most forms are filled in between 11:00 and 23:00 UTC, some at night.
        hour = 11 + 12 * rng.random() if rng.random() < 0.9 else 24 * rng.random()
        return day + int(hour * 3600)

    def promise(self, instant: int, tier: str) -> Promise:
        """What was promised for `tier` at `instant`."""
        return PROMISES[instant >= self.agreement_changed_at, tier]


def make_world(
    horizon: Horizon, *, seed: int, leads: int, trial: bool = False, innocent: bool = False
) -> World:
    """Build the company of `seed`."""
    first = horizon.start - timedelta(BACKLOG_DAYS + 30)
    last = horizon.start + timedelta(horizon.first_days + horizon.nights + 200)
    plan = (
        innocent_plan(horizon) if innocent else make_plan(horizon, Random(seed), trial=trial)  # noqa: S311 - must repeat
    )
    # Where all is in order whoever leaves has handed everything over in time.
    working = [p for p in PEOPLE if p.role == "rep" and not (innocent and p.left_on)]
    reps = {team: [p for p in working if p.team == team] for team in TEAMS}
    bdrs = {p.team: p for p in PEOPLE if p.role == "bdr"}
    changed = datetime.combine(AGREEMENT_CHANGED_ON, time(0), tzinfo=HEADQUARTERS)
    world = World(
        horizon=horizon,
        seed=seed,
        leads=leads,
        calendars={name: WorkingTime(name, first, last) for name in OFFICE_HOURS},
        plan=plan,
        reps=reps,
        bdrs=bdrs,
        people={p.user_id: p for p in PEOPLE},
        agreement_changed_at=int(changed.timestamp()),
    )
    total = 0.0
    for number in range(horizon.first_days + horizon.nights):
        day = horizon.start + timedelta(number)
        weight = 0.3 if day.weekday() > 4 else 1.0
        instant = horizon.start_at + number * DAY
        if 0 < next_of(plan.quarter_ends, instant) - instant <= 7 * DAY:
            weight *= 1.35  # a busy last week of a quarter, which is no misconduct
        total += weight
        world.arrival_edges.append(total)
        world.arrival_days.append(instant)
    for person in PEOPLE:
        if person.left_on:
            left = datetime.fromisoformat(person.left_on).replace(hour=22, tzinfo=UTC)
            world.left_at[person.user_id] = int(left.timestamp())
            # A leaver gets nothing from three weeks before.
            world.last_lead_at[person.user_id] = int(left.timestamp()) - 21 * DAY
    for rep in plan.reps_who("squatter"):
        world.last_lead_at[rep] = horizon.end - SQUATTERS_STOP
    world.campaigns = {
        source: salesforce_id("701", 900 + at) for at, (source, _) in enumerate(LEAD_SOURCES)
    }
    return world
