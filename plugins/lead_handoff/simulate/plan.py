"""Who of the company behaves how, and what it does that only shows over many leads."""

from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from random import Random
from zoneinfo import ZoneInfo

from lead_handoff.simulate.company import LEAVER, PEOPLE, Person
from lead_handoff.simulate.delivery import DAY, Horizon

HEADQUARTERS = ZoneInfo("America/New_York")
TEAMS = ("East", "West", "Europe")

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

TRIAL_CONDUCTS = (
    "rubber_stamp",
    "collusive",
    "cherry_picker",
    "lazy_rejecter",
    "late_accepter",
    "padder",
    "neglectful",
    "squatter",
    "swift",
    "generous",
)
TRIAL_MORE = ("rubber_stamp", "collusive", "touch_picker", "touch_picker", "honest")
"""In a trial two more reps draw their conduct from these, so that companies differ."""

PICKERS = {"cherry_picker": "acceptances", "touch_picker": "first touches"}
"""Who waits for the edge of a quarter, and with what."""

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
    "touch_picker": (0.60, 0.20),
    "squatter": (0.70, 0.15),
    "swift": (0.60, 0.25),
    "generous": (0.96, 0.02),
}
"""Conduct -> share accepted, share rejected; the rest is left without a response."""

PIPELINES = ("", "own", "slow", "too_good", "too_good")
"""What a month's opportunities may be in a trial, each as likely."""

SQUATTERS_STOP = 100 * DAY
"""So long before the end a squatter gets the last lead: what is held then has stalled."""


@dataclass(frozen=True)
class HiddenTimer:
    """A flow that promotes after so many days, and that the agreement does not list.

    It runs in the nightly batch as an ordinary user, or by the minute in the owner's own name.
    """

    days: int
    as_owner: bool


@dataclass(frozen=True)
class Plan:
    """What is meant to be seen in the company. Instants are epoch seconds.

    Attributes:
        conducts: how each rep behaves.
        colluding: each BDR who has an understanding, and with which reps.
        sides: which side of a quarter's end a cherry picker favours, by rep: last or first days.
        quarter_ends: the ends of quarters that cherry pickers look at, and `held_for` how long
            before one they begin to wait for it.
        rushes: those of them before which everybody hurries, which is no misconduct.
        floods: the period ends before which marketing hands over whatever it has.
        flood_from: which leads it takes, and `flood_reach` how old they may be.
        campaigns: the period ends before which many good leads qualify, which is no misconduct.
        hidden_timer: the flow nobody listed, if there is one.
        weekly: the rubber stampers who accept all of a week in one go, not each lead in seconds.
        pipelines: where the months begin, and what is odd about the opportunities of each: `own`
            is missing, they are `slow`, both (`too_good`), or nothing.
        is_trial: whether all that takes many leads to show is planted, with its look-alikes.
    """

    conducts: dict[str, str]
    colluding: dict[str, tuple[str, ...]]
    quarter_ends: tuple[int, ...]
    floods: tuple[int, ...]
    flood_from: float = 0.94
    flood_reach: int = 45 * DAY
    held_for: int = 24 * DAY
    sides: dict[str, str] = field(default_factory=dict)
    rushes: frozenset[int] = frozenset()
    campaigns: tuple[int, ...] = ()
    hidden_timer: HiddenTimer | None = None
    weekly: frozenset[str] = frozenset()
    pipelines: tuple[tuple[int, str], ...] = ()
    is_trial: bool = False

    def colludes(self, bdr: str, rep: str) -> bool:
        """Whether the two have an understanding."""
        return rep in self.colluding.get(bdr, ())

    def reps_who(self, conduct: str) -> list[str]:
        """The reps of a conduct."""
        return [rep for rep, of in self.conducts.items() if of == conduct]

    def has_own_pipeline(self, at: int) -> bool:
        """Whether sales finds opportunities of its own in the month of `at`."""
        return self._pipeline(at) not in ("own", "too_good")

    def stuck_share(self, at: int) -> float:
        """Share of the opportunities of the month of `at` that nobody takes any further."""
        return 0.75 if self._pipeline(at) in ("slow", "too_good") else 0.12

    def _pipeline(self, at: int) -> str:
        return next((kind for start, kind in reversed(self.pipelines) if start <= at), "")


def next_of(instants: tuple[int, ...], after: int) -> int:
    """The first of `instants` (ascending) that lies after `after`; 0 if none does."""
    return next((instant for instant in instants if instant > after), 0)


def innocent_plan(horizon: Horizon) -> Plan:
    """Nobody has a plan."""
    conducts = {p.user_id: "honest" for p in PEOPLE if p.is_quota_bearing}
    ends = tuple(at for is_quarter, at in _period_ends(horizon) if is_quarter)
    return Plan(conducts, colluding={}, quarter_ends=ends, floods=())


def make_plan(horizon: Horizon, rng: Random, *, trial: bool) -> Plan:
    """Draw the company's plan: its everyday one, or one that tries every rule."""
    stayers = [p for p in PEOPLE if p.is_quota_bearing and not p.left_on]
    ends = _period_ends(horizon)
    quarters = tuple(at for is_quarter, at in ends if is_quarter) or (ends[-1][1],)
    if not trial:
        conducts = _assigned(stayers, CONDUCTS, rng)
        last = quarters[-1:]
        return Plan(conducts, _pairs(conducts), quarter_ends=last, floods=last)
    more = [TRIAL_MORE[int(rng.random() * len(TRIAL_MORE))] for _ in range(2)]
    conducts = _assigned(stayers, (*TRIAL_CONDUCTS, *more), rng)
    pickers = [rep for rep, conduct in conducts.items() if conduct in PICKERS]
    stampers = [rep for rep, conduct in conducts.items() if conduct == "rubber_stamp"]
    kinds = {at: rng.random() for _, at in ends}
    months = (midnight(horizon.start.replace(day=1)), *(at for _, at in ends))
    timer = (0, 25, 7, 9, 9, 10, 21)[int(rng.random() * 7)]  # a shorter one would have to be listed
    return Plan(
        conducts,
        _pairs(conducts),
        quarter_ends=quarters,
        floods=tuple(at for at, kind in kinds.items() if kind < 0.4),
        flood_from=0.9,
        flood_reach=28 * DAY,
        held_for=40 * DAY,
        sides={rep: "last" if rng.random() < 0.6 else "first" for rep in pickers},
        rushes=frozenset(at for at in quarters if rng.random() < 0.5),
        campaigns=tuple(at for at, kind in kinds.items() if kind > 0.7),
        hidden_timer=HiddenTimer(timer, as_owner=rng.random() < 0.5) if timer else None,
        weekly=frozenset(rep for rep in stampers if rng.random() < 0.4),
        pipelines=tuple((at, PIPELINES[int(rng.random() * len(PIPELINES))]) for at in months),
        is_trial=True,
    )


def _assigned(people: list[Person], conducts: tuple[str, ...], rng: Random) -> dict[str, str]:
    """Each rep's conduct. Shuffled by random() alone, which every Python version repeats."""
    order = list(conducts)
    for at in range(len(order) - 1, 0, -1):
        other = int(rng.random() * (at + 1))
        order[at], order[other] = order[other], order[at]
    assigned = dict(zip((p.user_id for p in people), order, strict=True))
    return assigned | {LEAVER: "honest"}


def _pairs(conducts: dict[str, str]) -> dict[str, tuple[str, ...]]:
    """A colluding rep has an understanding with the BDR of the same team."""
    return {
        bdr.user_id: partners
        for bdr in PEOPLE
        if bdr.role == "bdr"
        and (
            partners := tuple(
                p.user_id
                for p in PEOPLE
                if p.team == bdr.team and conducts.get(p.user_id) == "collusive"
            )
        )
    }


def midnight(day: date) -> int:
    """The first instant of `day` at headquarters."""
    return int(datetime.combine(day, time(0), tzinfo=HEADQUARTERS).timestamp())


def _period_ends(horizon: Horizon) -> list[tuple[bool, int]]:
    """The ends of months, at headquarters, and whether a quarter ends; else the horizon's end."""
    first = horizon.start + timedelta(14)
    last = horizon.start + timedelta(horizon.first_days + horizon.nights)
    days = (date.fromordinal(n) for n in range(first.toordinal(), last.toordinal()))
    ends = [(day.month in (1, 4, 7, 10), midnight(day)) for day in days if day.day == 1]
    return ends or [(False, horizon.end)]
