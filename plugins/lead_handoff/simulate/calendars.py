"""When the simulated people work: office hours per region, with holidays and clock changes."""

from bisect import bisect_left, bisect_right
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

OFFICE_HOURS: dict[str, tuple[str, tuple[tuple[int, int], ...]]] = {
    "us_east": ("America/New_York", ((9, 17),)),
    "us_west": ("America/Los_Angeles", ((9, 17),)),
    "europe": ("Europe/Berlin", ((9, 13), (14, 18))),
}
"""Calendar -> (time zone, intervals of local hours), Monday to Friday."""


def _nth_weekday(year: int, month: int, weekday: int, nth: int) -> date:
    first = date(year, month, 1)
    return first + timedelta((weekday - first.weekday()) % 7 + 7 * (nth - 1))


def _observed(day: date) -> date:
    """A United States holiday on a weekend is taken on the nearest working day."""
    return day + timedelta({5: -1, 6: 1}.get(day.weekday(), 0))


def _easter(year: int) -> date:
    """Easter Sunday by the anonymous Gregorian rule."""
    a, (b, c) = year % 19, divmod(year, 100)
    (d, e), f = divmod(b, 4), (b + 8) // 25
    h = (19 * a + b - d - (b - f + 1) // 3 + 15) % 30
    i, k = divmod(c, 4)
    offset = (32 + 2 * e + 2 * i - h - k) % 7
    m = (a + 11 * h + 22 * offset) // 451
    month, day = divmod(h + offset - 7 * m + 114, 31)
    return date(year, month, day + 1)


def holidays_of(calendar: str, year: int) -> set[date]:
    """The days of `year` on which the office of `calendar` is closed."""
    if calendar == "europe":
        easter = _easter(year)
        moving = {easter + timedelta(days) for days in (-2, 1, 39, 50)}
        fixed = {(1, 1), (5, 1), (10, 3), (12, 25), (12, 26)}
        return moving | {date(year, month, day) for month, day in fixed}
    last_of_may = date(year, 5, 31)
    return {
        *(_observed(date(year, m, d)) for m, d in ((1, 1), (6, 19), (7, 4), (12, 25))),
        _nth_weekday(year, 1, 0, 3),
        _nth_weekday(year, 2, 0, 3),
        last_of_may - timedelta(last_of_may.weekday()),
        _nth_weekday(year, 9, 0, 1),
        _nth_weekday(year, 11, 3, 4),
    }


class WorkingTime:
    """Office hours of one calendar over a stretch of days, for arithmetic in epoch seconds."""

    def __init__(self, calendar: str, first: date, last: date) -> None:
        """Prepare the hours of `calendar` from `first` to `last`, both included."""
        zone_name, hours = OFFICE_HOURS[calendar]
        self.zone = ZoneInfo(zone_name)
        closed: set[date] = set()
        for year in range(first.year, last.year + 1):
            closed |= holidays_of(calendar, year)
        self._opens: list[int] = []
        self._closes: list[int] = []
        self._worked_before: list[int] = []
        worked = 0
        for ordinal in range(first.toordinal(), last.toordinal() + 1):
            day = date.fromordinal(ordinal)
            if day.weekday() > 4 or day in closed:
                continue
            for opening, closing in hours:
                start, end = (self._instant(day, hour) for hour in (opening, closing))
                self._opens.append(start)
                self._closes.append(end)
                self._worked_before.append(worked)
                worked += end - start

    def _instant(self, day: date, hour: int) -> int:
        return int(datetime.combine(day, time(hour), tzinfo=self.zone).timestamp())

    def worked(self, instant: int) -> int:
        """Working seconds before `instant`, counted from the first prepared day."""
        at = bisect_right(self._opens, instant) - 1
        if at < 0:
            return 0
        return self._worked_before[at] + min(instant, self._closes[at]) - self._opens[at]

    def after(self, instant: int, seconds: float) -> int:
        """The earliest instant by which `seconds` (above 0) of work have passed since `instant`."""
        goal = self.worked(instant) + int(seconds)
        at = bisect_left(self._worked_before, goal) - 1
        return self._opens[max(at, 0)] + goal - self._worked_before[max(at, 0)]

    def open_at(self, instant: int) -> int:
        """`instant` if somebody works then, else the next opening."""
        at = bisect_right(self._closes, instant)
        return max(instant, self._opens[at])

    def weekly(self, instant: int, weekday: int, hour: int, minute: int) -> int:
        """The first local `weekday` (0 = Monday) at hour:minute at or after `instant`."""
        local = datetime.fromtimestamp(instant, UTC).astimezone(self.zone)
        day = local.date() + timedelta((weekday - local.weekday()) % 7)
        for _ in range(2):
            moment = datetime.combine(day, time(hour, minute), tzinfo=self.zone)
            if int(moment.timestamp()) >= instant:
                break
            day += timedelta(7)
        return int(moment.timestamp())
