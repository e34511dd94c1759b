"""The life of a lead in a company where nobody does anything wrong.

Every promise is kept and every reason told; only some calls are not written down, as people are.
Whatever a rule says against anybody here is false.
"""

from random import Random

from lead_handoff.simulate.catalogue import REASONS_AFTER_FOLLOW_UP, REASONS_WITHOUT_FOLLOW_UP
from lead_handoff.simulate.company import SYNC_USER
from lead_handoff.simulate.delivery import DAY, Delivery
from lead_handoff.simulate.innocence import Innocent
from lead_handoff.simulate.plot import HOUR, Plot
from lead_handoff.simulate.routes import route_of
from lead_handoff.simulate.truth import Truth
from lead_handoff.simulate.world import World

NOTHING_WRITTEN = 0.1
"""Share of conversions, and of deals, before which the rep wrote no call down."""
CHANNELS = ("call", "email", "social")


class HonestLife(Plot):
    """One lead's story, told by the draws of one random stream."""

    def __init__(
        self, world: World, out: Delivery, rng: Random, number: int, kind: Innocent
    ) -> None:
        super().__init__(world, out, rng, number)
        self.habit = kind.habit
        campaign = world.campaigns[self.contact.lead_source]
        self.told = route_of(kind.system, out, number, self.contact, campaign)

    def run(self) -> Truth:
        """Live the lead's life, write its rows, and return what really happened: no violation."""
        draw = self.draw
        at = self.world.arrival(self.rng)
        self.rep = self._choose_rep(at)
        self._attributes(4 + int(draw() * 5.99))
        self.told.arrive(at, self.values)
        self.fit, self.engagement = 24 + int(draw() * 27), 0
        self.told.score(at + 40, self.fit, 0)
        if draw() < 0.55:
            self._qualifies(at + 2 * HOUR + int(draw() * self.between(0.2, 20) * DAY))
        self.told.close()
        return self.truth

    def _qualifies(self, at: int) -> None:
        """Marketing hands the lead over, and again each time it comes back from nurture."""
        is_known = self.draw() < 0.4
        if is_known:
            self.told.give(at - HOUR, self.rep.user_id, SYNC_USER)
        for _ in range(3):
            self._raise_score(at - 120)
            self.told.qualify(at)
            start = at + 100
            if not is_known:
                start = at + int(self.between(100, 240))
                self.told.give(start, self.rep.user_id, SYNC_USER)
                is_known = True
            nurtured_from = self._answered(at, start)
            if not nurtured_from or self.draw() < 0.5:
                return
            at = nurtured_from + int(self.between(9, 35) * DAY)

    def _raise_score(self, at: int) -> None:
        """What marketing sees of the lead makes it fit the definition."""
        self.engagement += 4 + int(self.draw() * 9) if self.engagement else 0
        self.engagement = self.engagement or 62 - self.fit + int(self.draw() ** 2 * 60)
        self.score = self.fit + self.engagement
        self.told.score(at, self.fit, self.engagement)

    def _answered(self, at: int, start: int) -> int:
        """The rep answers in time; the result is when the lead went back to nurture, if it did."""
        world, rep = self.world, self.rep
        calendar = world.calendars[rep.calendar]
        tier = self._tier()
        promise = world.promise(at, tier)
        hours = max(self.between(0.03, 0.7) * promise.response_hours, 0.2)
        moment = self._written(calendar.after(start, hours * HOUR))
        if self.draw() < 0.3:
            stage = "disqualified" if self.draw() < 0.2 else "rejected"
            self.told.move(moment, stage, rep.user_id, self._reason(REASONS_WITHOUT_FOLLOW_UP))
            return 0
        self.told.move(moment, "sal", rep.user_id)
        if self.draw() < 0.45:
            self._converted(moment)
            return 0
        return self._sent_back(moment, promise.touches)

    def _written(self, at: int) -> int:
        return self.habit.written(at, self.draw)

    def _touches(self, since: int, until: int, count: int) -> None:
        """So many calls, mails and messages between two moments, in minutes of their own."""
        step = (until - since) / (count + 1)
        for number in range(count):
            at = since + int(step * (number + self.between(0.7, 1.3)))
            logged_at = self.habit.logged(at, self.draw)
            self.told.touch(at, self.rep.user_id, CHANNELS[number % 3], logged_at)

    def _converted(self, since: int) -> None:
        """The rep decides that the lead is one to sell to, and sells or not."""
        draw, rep = self.draw, self.rep.user_id
        calendar = self.world.calendars[self.rep.calendar]
        decided = self._written(max(self.habit.decided(since, calendar, draw), since + 1_800))
        if draw() >= NOTHING_WRITTEN:
            self._touches(since, decided, 3)
        self.told.convert(decided, rep, 4_000 + int(draw() * draw() * 90_000))
        closed = self._written(max(self.habit.decided(decided, calendar, draw), decided + 1_800))
        if draw() >= NOTHING_WRITTEN:
            self._touches(decided, closed, 2)
        self.told.close_deal(closed, rep, is_won=draw() < 0.3)

    def _sent_back(self, since: int, touches: int) -> int:
        """All that was promised is done, and the lead does not want."""
        calendar = self.world.calendars[self.rep.calendar]
        draw = self.draw
        decided = max(self.habit.decided(since, calendar, draw), since + 3 * DAY)
        decided = self._written(self._in_hours(calendar, decided))
        self._touches(since, decided, touches)
        choice = draw()
        if choice < 0.85:
            stage = "recycled" if choice < 0.4 else "rejected"
            self.told.move(decided, stage, self.rep.user_id, self._reason(REASONS_AFTER_FOLLOW_UP))
            return decided
        reason = self._reason(REASONS_WITHOUT_FOLLOW_UP)
        self.told.move(decided, "disqualified", self.rep.user_id, reason)
        return 0
