"""What every plot of a lead's life needs: its state, its draws, and what people do to a record."""

from random import Random

from lead_handoff.simulate.calendars import WorkingTime
from lead_handoff.simulate.catalogue import (
    ATTRIBUTE_VALUES,
    ATTRIBUTES,
    COMPANY_HEADS,
    COMPANY_TAILS,
    FIRST_NAMES,
    LAST_NAMES,
    LEAD_SOURCES,
    UNMET_VALUES,
)
from lead_handoff.simulate.company import INBOUND_QUEUE, PEOPLE, Person
from lead_handoff.simulate.delivery import DAY, Delivery
from lead_handoff.simulate.plan import TEAMS
from lead_handoff.simulate.records import Contact, Records
from lead_handoff.simulate.truth import Truth
from lead_handoff.simulate.world import World

HOUR = 3_600
BATCH_SECOND = 6 * HOUR + 1_800
"""Scheduled flows run at 06:30 UTC, one minute for the whole company."""
DEMAND_MANAGER = next(p for p in PEOPLE if p.title == "Demand Generation")
NAMES = {p.user_id: p.name for p in PEOPLE} | {INBOUND_QUEUE: "Inbound Queue"}
TEAM_CALENDARS = {"East": "us_east", "West": "us_west", "Europe": "europe"}

End = tuple[str, int]
"""How a handoff's story ended for the plot (recycled, rejected, ...) and when."""


def batch_after(instant: int) -> int:
    """The scheduled flows' next run after `instant`."""
    return (instant - BATCH_SECOND) // DAY * DAY + DAY + BATCH_SECOND


def definition_score(world: World, instant: int) -> int:
    """The agreed minimum score at `instant`."""
    return 60 if instant >= world.agreement_changed_at else 50


class Plot:
    """One lead as the plots see it: who it is, where it stands, and the stream that decides."""

    def __init__(self, world: World, out: Delivery, rng: Random, number: int) -> None:
        self.world = world
        self.out = out
        self.rng = rng
        self.draw = rng.random
        self.number = number
        self.truth = Truth(number, world.horizon.end)
        self.team = TEAMS[int(self.draw() * 3)]
        self.contact = self._contact()
        self.records = Records(out, number, 0, self.contact)
        self.fit = 0
        self.engagement = 0
        self.score: int | None = None
        self.values: list[str] = []
        self.met = 0
        self.rep: Person = world.reps[self.team][0]
        self.reason = ""
        self.early = False
        self.standing_since = 0
        self.first_touch_from = 0
        self.offer_owner = ""
        self.deleted = False
        self.unfit = False

    def between(self, low: float, high: float) -> float:
        """A number from `low` up to `high`."""
        return low + (high - low) * self.draw()

    def pick(self, options: tuple[str, ...]) -> str:
        """One of `options`, each as likely."""
        return options[int(self.draw() * len(options))]

    def _contact(self) -> Contact:
        first, last = self.pick(FIRST_NAMES), self.pick(LAST_NAMES)
        head = self.pick(COMPANY_HEADS)
        company_name = f"{head} {self.pick(COMPANY_TAILS)}"
        share = self.draw()
        source = LEAD_SOURCES[-1][0]
        for name, part in LEAD_SOURCES:
            share -= part
            if share < 0:
                source = name
                break
        phone = f"+1 555 01{int(self.draw() * 100):02d}" if self.draw() < 0.8 else ""
        email = f"lead{self.number}@{head.lower()}{self.number % 977}.example.com"
        return Contact(first, last, email, phone, company_name, source)

    def _attributes(self, met: int) -> None:
        """Fill the ten attributes so that exactly `met` of them are met."""
        draw = self.draw
        self.met = met
        needed, left = met, len(ATTRIBUTES)
        values = []
        for options in ATTRIBUTE_VALUES:
            if draw() * left < needed:
                values.append(options[int(draw() * len(options))])
                needed -= 1
            else:
                values.append(UNMET_VALUES[int(draw() * len(UNMET_VALUES))])
            left -= 1
        self.values = values

    def _in_hours(self, calendar: WorkingTime, at: int) -> int:
        """`at` if the office is open, else some time in the morning after it opens."""
        opening = calendar.open_at(at)
        return at if opening == at else opening + int(self.draw() * 5_400)

    def _batch(self, after: int) -> int:
        """An instant in the minute of the scheduled flows' next run."""
        return batch_after(after) + int(self.draw() * 50)

    def _reason(self, options: tuple[str, ...]) -> str:
        """One of `options` that the field does not still hold: no change would leave no trace."""
        return self.pick(tuple(option for option in options if option != self.reason))

    def _choose_rep(self, at: int) -> Person:
        """The rep whose turn it is; some get no more leads from a day on."""
        reps = self.world.reps[self.team]
        while True:
            rep = reps[int(self.draw() * len(reps))]
            last = self.world.last_lead_at.get(rep.user_id)
            if last is None or at < last:
                return rep

    def _status(self, at: int, status: str, actor: str) -> None:
        """Change the Salesforce status and let Marketo follow, mostly."""
        records = self.records
        if records.status == status:
            return
        records.set_status(at, status, actor)
        echo = {
            "Accepted": "SAL",
            "Rejected": "Nurture",
            "Recycled": "Nurture",
            "Disqualified": "Nurture",
        }.get(status)
        if status == "Accepted":
            self._stand(at, is_open=True)
        elif status not in ("Working", "Open"):
            self._stand(at, is_open=False)
        if echo is None or not records.in_marketo:
            return
        if echo == "SAL" and self.draw() < 0.02:
            late = self.draw() < 0.5
            if late:
                records.echo(at + int(self.between(30, 60) * HOUR), echo)
            self.truth.plant("systems_disagree", at + DAY, detail="echo of sal late or missing")
            return
        records.echo(at + int(self.between(60, 900)), echo)

    def _stand(self, at: int, *, is_open: bool) -> None:
        """From `at` on the lead is with sales, in a stage it has just entered, or no longer."""
        if at < self.world.horizon.end:
            self.standing_since = at if is_open else 0

    def _close(self, at: int, status: str, actor: str, reason: str) -> End:
        """Send the lead back with a reason, saved in the same second."""
        self._status(at, status, actor)
        if reason != self.reason and reason:
            self.records.set_field(at, actor, "Rejection_Reason__c", self.reason, reason)
            self.reason = reason
        return status.lower(), at

    def _tier(self) -> str:
        return "A" if self.score is not None and self.score >= 80 and self.met >= 6 else "B"

    def _due(self, at: int, tier: str) -> float:
        return self.world.promise(at, tier).response_hours * HOUR

    def _due_at(self, at: int, tier: str) -> int:
        """When the response falls due, on the calendar of whoever owned the lead at the offer."""
        owner = self.world.people.get(self.offer_owner)
        on_roster = owner is not None and not (
            owner.left_on and at >= self.world.agreement_changed_at
        )
        calendar = owner.calendar if owner is not None and on_roster else "us_east"
        return self.world.calendars[calendar].after(at, self._due(at, tier))

    def _unanswered(self, at: int) -> End:
        """Nobody will answer the handoff."""
        self.truth.leave_unanswered()
        return "open", at
