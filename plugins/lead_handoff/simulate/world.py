"""What all leads of one simulated company share: its horizon, people, habits and promises."""

from bisect import bisect_right
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from random import Random
from zoneinfo import ZoneInfo

from lead_handoff.simulate import company
from lead_handoff.simulate.calendars import OFFICE_HOURS, WorkingTime
from lead_handoff.simulate.catalogue import LEAD_SOURCES
from lead_handoff.simulate.company import PEOPLE, Person
from lead_handoff.simulate.delivery import DAY, Horizon
from lead_handoff.simulate.identifiers import salesforce_id

HEADQUARTERS = ZoneInfo("America/New_York")
TEAMS = ("East", "West", "Europe")
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

CONDUCTS = (
    "rubber_stamp",
    "collusive",
    "cherry_picker",
    "lazy_rejecter",
    "late_accepter",
    "ignorer",
    "padder",
    "neglectful",
    "neglectful",
    "honest",
    "honest",
    "honest",
)
"""How the twelve reps who stay behave; the seed says who does what. The leaver is honest."""

CONDUCT_RESPONSE: dict[str, tuple[float, float]] = {
    "honest": (0.55, 0.27),
    "rubber_stamp": (0.97, 0.0),
    "collusive": (0.50, 0.25),
    "cherry_picker": (0.40, 0.25),
    "lazy_rejecter": (0.30, 0.60),
    "late_accepter": (0.60, 0.22),
    "ignorer": (0.28, 0.14),
    "padder": (0.55, 0.25),
    "neglectful": (0.58, 0.20),
}
"""Conduct -> share accepted, share rejected; the rest is left without a response."""


@dataclass
class World:
    """Everything a lead's life looks up. Instants are epoch seconds, UTC."""

    horizon: Horizon
    seed: int
    leads: int
    calendars: dict[str, WorkingTime]
    conducts: dict[str, str]
    reps: dict[str, list[Person]]
    bdrs: dict[str, Person]
    people: dict[str, Person]
    colluding: tuple[str, str]
    agreement_changed_at: int
    quarter_end: int
    arrival_edges: list[float] = field(default_factory=list)
    arrival_days: list[int] = field(default_factory=list)
    campaigns: dict[str, str] = field(default_factory=dict)
    left_at: dict[str, int] = field(default_factory=dict)

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


def _shuffled(items: tuple[str, ...], rng: Random) -> list[str]:
    """Shuffle by random() alone, whose stream is the same on every Python version."""
    result = list(items)
    for at in range(len(result) - 1, 0, -1):
        other = int(rng.random() * (at + 1))
        result[at], result[other] = result[other], result[at]
    return result


def _last_quarter_end(horizon: Horizon) -> int:
    """The latest end of a quarter (else of a month) in the horizon, at headquarters."""
    ends: list[tuple[bool, date]] = []
    last = horizon.start + timedelta(horizon.first_days + horizon.nights)
    for ordinal in range(horizon.start.toordinal() + 14, last.toordinal()):
        day = date.fromordinal(ordinal)
        if day.day == 1:
            ends.append((day.month in (1, 4, 7, 10), day))
    if not ends:
        return horizon.end
    chosen = max(ends)[1]
    return int(datetime.combine(chosen, time(0), tzinfo=HEADQUARTERS).timestamp())


def make_world(horizon: Horizon, *, seed: int, leads: int) -> World:
    """Build the company of `seed`."""
    first = horizon.start - timedelta(BACKLOG_DAYS + 30)
    last = horizon.start + timedelta(horizon.first_days + horizon.nights + 200)
    rng = Random(seed)  # noqa: S311 - must repeat
    stayers = [p for p in PEOPLE if p.is_quota_bearing and not p.left_on]
    conducts = dict(zip((p.user_id for p in stayers), _shuffled(CONDUCTS, rng), strict=True))
    conducts[company.LEAVER] = "honest"
    reps = {team: [p for p in PEOPLE if p.role == "rep" and p.team == team] for team in TEAMS}
    bdrs = {p.team: p for p in PEOPLE if p.role == "bdr"}
    colluding_rep = next(p for p in stayers if conducts[p.user_id] == "collusive")
    changed = datetime.combine(AGREEMENT_CHANGED_ON, time(0), tzinfo=HEADQUARTERS)
    world = World(
        horizon=horizon,
        seed=seed,
        leads=leads,
        calendars={name: WorkingTime(name, first, last) for name in OFFICE_HOURS},
        conducts=conducts,
        reps=reps,
        bdrs=bdrs,
        people={p.user_id: p for p in PEOPLE},
        colluding=(bdrs[colluding_rep.team].user_id, colluding_rep.user_id),
        agreement_changed_at=int(changed.timestamp()),
        quarter_end=_last_quarter_end(horizon),
    )
    total = 0.0
    for number in range(horizon.first_days + horizon.nights):
        day = horizon.start + timedelta(number)
        weight = 0.3 if day.weekday() > 4 else 1.0
        instant = horizon.start_at + number * DAY
        if 0 < world.quarter_end - instant <= 7 * DAY:
            weight *= 1.35  # a busy last week of a quarter, which is no misconduct
        total += weight
        world.arrival_edges.append(total)
        world.arrival_days.append(instant)
    for person in PEOPLE:
        if person.left_on:
            left = datetime.fromisoformat(person.left_on).replace(hour=22, tzinfo=UTC)
            world.left_at[person.user_id] = int(left.timestamp())
    world.campaigns = {
        source: salesforce_id("701", 900 + at) for at, (source, _) in enumerate(LEAD_SOURCES)
    }
    return world
