"""Business time: working minutes between two instants and due instants, exact and DST-aware."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from tests.oracle.values import microseconds

_LAST_YEAR = 2100


@dataclass(frozen=True)
class WorkingDay:
    """Working hours of one weekday (1 = Monday); closes may be 24:00."""

    weekday: int
    opens: str
    closes: str


def _local(day: date, clock: str, zone: ZoneInfo) -> datetime:
    hour, minute = (int(part) for part in clock.split(":")[:2])
    if hour == 24:
        day, hour = day + timedelta(days=1), 0
    # An ambiguous opening is the earlier instant; a skipped one is read with the offset before
    # the change, which is the same instant as the first one after the gap shifted by it.
    return datetime.combine(day, time(hour, minute), tzinfo=zone).astimezone(UTC)


class BusinessCalendar:
    """Working windows as instants, laid out year by year as they are asked for."""

    def __init__(self, zone: ZoneInfo, hours: list[WorkingDay], holidays: set[date]) -> None:
        self._zone = zone
        self._hours = hours
        self._holidays = holidays
        self._first_year = 0
        self._last_year = -1
        self._starts: list[datetime] = []
        self._ends: list[datetime] = []
        self._before: list[int] = []

    def _lay_out(self, first_year: int, last_year: int) -> None:
        windows: list[tuple[datetime, datetime]] = []
        day = date(first_year, 1, 1) - timedelta(days=1)
        while day <= date(last_year + 1, 1, 1):
            if day not in self._holidays:
                for hours in self._hours:
                    if hours.weekday == day.isoweekday():
                        start = _local(day, hours.opens, self._zone)
                        end = _local(day, hours.closes, self._zone)
                        if end > start:
                            windows.append((start, end))
            day += timedelta(days=1)
        merged: list[tuple[datetime, datetime]] = []
        for start, end in sorted(windows):
            if merged and start <= merged[-1][1]:
                merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
            else:
                merged.append((start, end))
        self._first_year, self._last_year = first_year, last_year
        self._starts = [start for start, _ in merged]
        self._ends = [end for _, end in merged]
        self._before = []
        total = 0
        for start, end in merged:
            self._before.append(total)
            total += microseconds(end - start)

    def _cover(self, first: datetime, last: datetime) -> None:
        first_year, last_year = first.year, last.year
        if self._last_year >= self._first_year:
            if self._first_year <= first_year and last_year <= self._last_year:
                return
            first_year = min(first_year, self._first_year)
            last_year = max(last_year, self._last_year)
        self._lay_out(first_year, last_year)

    def _elapsed(self, at: datetime) -> int:
        index = bisect_right(self._starts, at) - 1
        if index < 0:
            return 0
        return self._before[index] + microseconds(min(at, self._ends[index]) - self._starts[index])

    def between(self, start: datetime, end: datetime) -> int:
        """Return the working microseconds in [start, end); 0 where end is not after start."""
        if end <= start:
            return 0
        self._cover(start, end)
        return self._elapsed(end) - self._elapsed(start)

    def due(self, start: datetime, span: int) -> datetime | None:
        """Return the earliest instant at or after start with `span` working microseconds passed.

        None where the calendar never has that much working time.
        """
        if span <= 0:
            return start
        if not self._hours:
            return None
        self._cover(start, start)
        while True:
            target = self._elapsed(start) + span
            # The first window at whose end the target is reached: a due time that falls on a
            # closing time is that closing time, not the next opening.
            for index in range(max(bisect_right(self._starts, start) - 1, 0), len(self._starts)):
                length = microseconds(self._ends[index] - self._starts[index])
                if self._before[index] + length >= target and self._before[index] < target:
                    return self._starts[index] + timedelta(
                        microseconds=target - self._before[index]
                    )
            if self._last_year >= _LAST_YEAR:
                return None
            self._lay_out(self._first_year, self._last_year + 1)
