"""Reading moments and dates as sources write them, exactly.

ISO 8601 with or without offset; what has no offset is read in the source's time zone. A local time
that the clock shows twice is the earlier instant, one that it skips does not exist, and a bare date
is the first instant of that day.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cache, lru_cache
from zoneinfo import ZoneInfo

from lead_handoff.landing.errors import RowRejected

_MOMENT = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)"
    r"(?:[Tt ](\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,9}))?)?(Z|z| ?[+-]\d\d(?::?\d\d)?)?)?\Z",
    re.ASCII,
)
_LARGEST_OFFSET = timedelta(hours=14)
_MINUTE = timedelta(minutes=1)
# A calendar's first and last days but two: the zone's and the text's offset stay within it.
_FIRST, _LAST = datetime(1, 1, 3), datetime(9999, 12, 29)  # noqa: DTZ001
FAST_YEARS = (1971, 2099)
"""Years, both included, for which days_of_clock_change tells the whole truth."""


@dataclass(frozen=True, slots=True)
class Moment:
    """An instant: whole seconds in UTC (naive), the fraction's digits as written, and remarks."""

    second: datetime
    fraction: str = ""
    remarks: tuple[str, ...] = ()

    def __str__(self) -> str:
        fraction = f".{self.fraction}" if self.fraction else ""
        return f"{self.second.isoformat(' ')}{fraction}+00"


def not_a_moment(text: str) -> RowRejected:
    """The rejection of a value that should be a moment: badly written, or something else."""
    has_digit = any(character.isdigit() for character in text)
    return RowRejected("bad_timestamp" if has_digit else "wrong_type")


@lru_cache(maxsize=50_000)
def read_moment(text: str, zone: ZoneInfo) -> Moment:
    """The instant that ``text`` names in a source of that zone.

    Remarks: ``bare_date``, ``ambiguous_local_time``. Raises RowRejected(bad_timestamp) for a date
    that is not in the calendar, a time that no clock shows (24:00, second 60) or that this zone
    skips, RowRejected(wrong_type) for a value without any digit.
    """
    match = _MOMENT.match(text)
    if match is None:
        raise not_a_moment(text)
    year, month, day, hour, minute, second, fraction, offset = match.groups()
    try:
        local = datetime.combine(
            date(int(year), int(month), int(day)),
            time(int(hour or 0), int(minute or 0), int(second or 0)),
        )
        shift = _offset(offset) if offset else timedelta(0)
        if not _FIRST <= local <= _LAST:
            # Far from all that is real; an offset would lead out of the calendar.
            return Moment(local, fraction or "")
        if hour is None:
            return Moment(_start_of_day(local, zone), "", ("bare_date",))
        if offset:
            return Moment(local - shift, fraction or "")
        instant, is_ambiguous = _from_local(local, zone)
    except ValueError as error:
        raise RowRejected("bad_timestamp") from error
    return Moment(instant, fraction or "", ("ambiguous_local_time",) if is_ambiguous else ())


@lru_cache(maxsize=10_000)
def read_date(text: str) -> tuple[str, ...]:
    """Check a calendar date; the remark is ``time_in_date`` where a time of day comes with it.

    Raises RowRejected like read_moment.
    """
    match = _MOMENT.match(text)
    if match is None:
        raise not_a_moment(text)
    if match.group(4) is not None:
        read_moment(text, ZoneInfo("UTC"))
        return ("time_in_date",)
    try:
        date(int(match.group(1)), int(match.group(2)), int(match.group(3)))
    except ValueError as error:
        raise RowRejected("bad_timestamp") from error
    return ()


def _offset(text: str) -> timedelta:
    if text in "Zz":
        return timedelta(0)
    digits = text.strip().replace(":", "")
    hours, minutes = int(digits[1:3]), int(digits[3:5] or 0)
    offset = timedelta(hours=hours, minutes=minutes)
    if minutes > 59 or offset > _LARGEST_OFFSET:
        raise ValueError("no such offset")
    return -offset if digits[0] == "-" else offset


def _from_local(local: datetime, zone: ZoneInfo) -> tuple[datetime, bool]:
    """UTC of a local time and whether the clock shows it twice (the earlier instant is given)."""
    first = local.replace(tzinfo=zone, fold=0)
    instant = first.astimezone(UTC)
    if instant.astimezone(zone).replace(tzinfo=None) != local:
        raise ValueError("this zone's clocks skip that time")
    is_ambiguous = first.utcoffset() != first.replace(fold=1).utcoffset()
    return instant.replace(tzinfo=None), is_ambiguous


@cache
def days_of_clock_change(zone: ZoneInfo) -> frozenset[int]:
    """Local days (yyyymmdd), 1970 to 2100, on or beside a change of the zone's offset.

    On all other days of these years each local time exists exactly once.
    """
    days = set()
    day = datetime(1970, 1, 1, tzinfo=UTC)
    before = day.astimezone(zone).utcoffset()
    while day.year <= FAST_YEARS[1] + 1:
        following = day + timedelta(days=1)
        after = following.astimezone(zone).utcoffset()
        if after != before:
            for shift in (-1, 0, 1, 2):
                near = day + timedelta(days=shift)
                days.add(near.year * 10_000 + near.month * 100 + near.day)
        day, before = following, after
    return frozenset(days)


@cache
def is_near_clock_change(day: int, zone: ZoneInfo) -> bool:
    """The same of one day (yyyymmdd) of any year."""
    noon = datetime(day // 10_000, day // 100 % 100, day % 100, 12)  # noqa: DTZ001
    if not _FIRST <= noon <= _LAST:
        return False
    around = [noon + timedelta(days=days) for days in (-2, 2)]
    before, after = (moment.replace(tzinfo=zone).utcoffset() for moment in around)
    return before != after


def _start_of_day(midnight: datetime, zone: ZoneInfo) -> datetime:
    """UTC of a day's first instant: midnight, or the moment the clocks jump past it."""
    try:
        return _from_local(midnight, zone)[0]
    except ValueError:
        pass
    first = midnight.replace(tzinfo=zone, fold=1).astimezone(UTC).replace(second=0)
    # Clocks jump by whole minutes, at most a day: walk to the first minute of the new day.
    instant = first - timedelta(hours=3)
    for _ in range(6 * 60 + 1):
        if instant.astimezone(zone).date() == midnight.date():
            return instant.replace(tzinfo=None)
        instant += _MINUTE
    raise ValueError("this zone's calendar skips that day")
