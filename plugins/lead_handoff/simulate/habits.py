"""How long honest people take over a lead, and when they write down what became of it.

None of these is a machine's: no delay is an agreed one, and nothing happens unless somebody did it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from math import cos, exp, log, pi, sqrt

from lead_handoff.simulate.calendars import WorkingTime
from lead_handoff.simulate.delivery import DAY

Draw = Callable[[], float]
"""The lead's stream of random numbers, from 0 up to 1."""

LONGEST = 60.0
"""No honest lead waits for more days than this: after 90 it has stalled, which is a finding."""
NIGHTLY_RUN = 2 * 3_600
"""The nightly copy begins at this second of the day (UTC) and ends within the minute."""


def _normal(draw: Draw) -> float:
    """One draw of the standard normal distribution, by Box and Muller."""
    return sqrt(-2 * log(1 - draw())) * cos(2 * pi * draw())


def worked(draw: Draw) -> float:
    """Days of ordinary work: anything from three to eleven."""
    return 3 + 8 * draw()


def geometric(draw: Draw) -> float:
    """Each day one lead in four is done: most on the first days, then ever fewer."""
    return log(1 - draw()) / log(0.75)


def lognormal(draw: Draw) -> float:
    """Three days in the middle, with a long tail."""
    return 3 * exp(0.9 * _normal(draw))


def bimodal(draw: Draw) -> float:
    """Half are settled on the first day, half after a second talk about ten days later."""
    return 0.2 + 1.3 * draw() if draw() < 0.5 else 10 + 1.2 * _normal(draw)


@dataclass(frozen=True)
class Habit:
    """When a company's people decide, and when their decisions reach the system.

    Attributes:
        delay: days from taking a lead on to the decision on it.
        weekdays: the local weekdays (0 = Monday) on which decisions are made; empty: any.
        moves_nightly: whether people's moves are written by a nightly copy, in their names.
        logs_nightly: whether calls are recorded by a nightly copy, each with its own time.
    """

    delay: Callable[[Draw], float] = worked
    weekdays: tuple[int, ...] = ()
    moves_nightly: bool = False
    logs_nightly: bool = False

    def decided(self, since: int, calendar: WorkingTime, draw: Draw) -> int:
        """When somebody who has the lead since `since` decides on it, in office hours."""
        days = min(max(self.delay(draw), 0.02), LONGEST)
        at = since + int(days * DAY)
        if self.weekdays:
            at = min(calendar.weekly(at, weekday, 14, 0) for weekday in self.weekdays)
            return at + int(draw() * 7_200)
        opening = calendar.open_at(at)
        return at if opening == at else opening + int(draw() * 5_400)

    def written(self, at: int, draw: Draw) -> int:
        """When what was done at `at` stands in the system."""
        return _next_copy(at, draw) if self.moves_nightly else at

    def logged(self, at: int, draw: Draw) -> int | None:
        """When a call of `at` is recorded; None where it is written down at once."""
        return _next_copy(at, draw) if self.logs_nightly else None


def _next_copy(at: int, draw: Draw) -> int:
    return (at - NIGHTLY_RUN) // DAY * DAY + DAY + NIGHTLY_RUN + int(draw() * 50)
