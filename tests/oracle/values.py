"""Reading the text values of extracts: instants, ids, booleans, numbers; and hashing ids."""

from __future__ import annotations

import hashlib
import re
from datetime import UTC, date, datetime, time, timedelta
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from zoneinfo import ZoneInfo

_INSTANT = re.compile(
    r"^(\d{4})-(\d{2})-(\d{2})"
    r"(?:[T ](\d{2}):(\d{2})(?::(\d{2})(?:[.,](\d{1,9}))?)?\s*(Z|z|[+-]\d{2}:?\d{2}|[+-]\d{2})?)?$"
)
FIRST_REAL, FIRST_UNREAL = datetime(1990, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)
_REWRITTEN = re.compile(r"[0-9]([.,][0-9]+)?[eE][+][0-9]{2,3}$")
_ID_SUFFIX = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"
_MICROSECOND = timedelta(microseconds=1)
MICROSECONDS_PER_HOUR = 3_600_000_000
MICROSECONDS_PER_DAY = 24 * MICROSECONDS_PER_HOUR


def local_to_utc(local: datetime, zone: ZoneInfo) -> datetime | None:
    """Return the instant of a naive local time: the earlier one if there are two, else None."""
    candidates = []
    for fold in (0, 1):
        instant = local.replace(tzinfo=zone, fold=fold).astimezone(UTC)
        if instant.astimezone(zone).replace(tzinfo=None) == local:
            candidates.append(instant)
    return min(candidates) if candidates else None


def first_instant_of_day(day: date, zone: ZoneInfo) -> datetime:
    """Return midnight of a day in a zone, or the day's first instant where midnight is skipped."""
    midnight = local_to_utc(datetime.combine(day, time()), zone)
    if midnight is not None:
        return midnight
    # The gap swallowed midnight: fold=0 reads it with the offset before the change, which is
    # the instant of the change itself when the gap starts at midnight.
    minute = datetime.combine(day, time())
    while True:
        instant = local_to_utc(minute, zone)
        if instant is not None:
            return instant
        minute += timedelta(minutes=1)


def parse_instant(text: str | None, zone: ZoneInfo) -> datetime | None:
    """Return a timestamp's instant in UTC, or None for blank, unreadable or non-existent ones.

    Years that stand for "no date" are none. A text without an offset is read in the source's zone;
    a bare date is that day's first instant there.
    """
    if text is None:
        return None
    match = _INSTANT.match(text.strip())
    if match is None:
        return None
    year, month, day, hour, minute, second, fraction, offset = match.groups()
    if not FIRST_REAL.year - 1 <= int(year) <= FIRST_UNREAL.year:
        return None
    try:
        if hour is None:
            return first_instant_of_day(date(int(year), int(month), int(day)), zone)
        local = datetime(  # noqa: DTZ001  (a wall-clock time; its zone is worked out below)
            int(year),
            int(month),
            int(day),
            int(hour),
            int(minute),
            int(second or 0),
            int((fraction or "0").ljust(6, "0")[:6]),
        )
    except ValueError:
        return None
    if offset is None:
        return local_to_utc(local, zone)
    if offset in "Zz":
        return local.replace(tzinfo=UTC)
    digits = offset[1:].replace(":", "").ljust(4, "0")
    shift = timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
    return (local - shift if offset[0] == "+" else local + shift).replace(tzinfo=UTC)


def stands_for_no_date(text: str | None, zone: ZoneInfo) -> bool:
    """Whether a readable timestamp lies before 1990 or after 2199, so that no system means it."""
    if not text or _INSTANT.match(text.strip()) is None:
        return False
    instant = parse_instant(text, zone)
    return instant is None or not FIRST_REAL <= instant < FIRST_UNREAL


def read_id(text: str | None) -> str | None:
    """An id without what spreadsheets and pandas made of it; 000000000000000 is none."""
    if text is None:
        return None
    text = text.strip()
    if text.startswith('="') and text.endswith('"') and len(text) > 2:
        text = text[2:-1].strip()
    if text.endswith(".0") and text[:-2].isdecimal():
        text = text[:-2]
    return None if text in ("", "000000000000000", "000000000000000AAA") else text


def is_rewritten(text: str | None) -> bool:
    """Whether an id stands in scientific notation: its digits are lost."""
    return bool(text and _REWRITTEN.match(text.strip().removeprefix('="').removesuffix('"')))


def second_of(instant: datetime) -> datetime:
    """Return the instant cut to its second: order within a second never decides a rule."""
    return instant.replace(microsecond=0)


def expand_salesforce_id(text: str | None) -> str | None:
    """Return a 15-character Salesforce id as 18 characters; anything else unchanged."""
    if text is None or len(text) != 15 or not text.isalnum():
        return text
    suffix = ""
    for start in (0, 5, 10):
        chunk = text[start : start + 5]
        bits = sum(1 << place for place, letter in enumerate(chunk) if "A" <= letter <= "Z")
        suffix += _ID_SUFFIX[bits]
    return text + suffix


def parse_boolean(text: str | None) -> bool:
    """Return whether a text means yes; blank means no."""
    return (text or "").strip().lower() in {"true", "1", "yes", "t", "y"}


def parse_number(text: str | None) -> Decimal | None:
    """Return a number, or None where the text is blank or no finite number."""
    if text is None:
        return None
    try:
        number = Decimal(text.strip())
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


def microseconds(span: timedelta) -> int:
    """Return a span in whole microseconds."""
    return span // _MICROSECOND


def rounded(numerator: int, denominator: int) -> Decimal:
    """Return an exact quotient rounded half up (away from zero) to 6 decimals, as it is stored."""
    sign = -1 if (numerator < 0) != (denominator < 0) else 1
    scaled, rest = divmod(abs(numerator) * 10**6, abs(denominator))
    if 2 * rest >= abs(denominator):
        scaled += 1
    return Decimal(sign * scaled).scaleb(-6)


def hours(span_microseconds: int) -> Decimal:
    """Return microseconds as hours with 6 decimals."""
    return rounded(span_microseconds, MICROSECONDS_PER_HOUR)


def quantized(number: Decimal) -> Decimal:
    """Return a number with 6 decimals, half away from zero."""
    return number.quantize(Decimal("0.000001"), rounding=ROUND_HALF_UP)


def iso_microseconds(instant: datetime) -> str:
    """Return an instant as the text that lead ids are hashed from."""
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def iso_second(instant: datetime) -> str:
    """Return an instant as the text that stands in the event id of a closing."""
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def md5(*parts: str) -> str:
    """Return the md5 hex of parts joined by a vertical bar: the form of every id in the marts."""
    return hashlib.md5("|".join(parts).encode(), usedforsecurity=False).hexdigest()
