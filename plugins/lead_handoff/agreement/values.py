"""How a value of the agreement may be written, and the one form in which all of the package has it.

People keep the agreement with a spreadsheet program, and such a program writes values its own way.
What has one meaning only is read as that: TRUE, 9:00, 5:00 PM, 2026-04-01 00:00:00. What has lost
something (2.61434E+19) or can be meant in two ways (4/1/2026) is refused with the way out.
"""

import math
import re
from collections.abc import Callable
from datetime import date
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from lead_handoff import months
from lead_handoff.errors import HandoffError

_DAY = re.compile(r"(\d{4}-\d{2}-\d{2})([ T]0?0:00(:00(\.0+)?)?)?", re.ASCII)
_TIME = re.compile(r"(\d{1,2}):([0-5]\d)(?::00(?:\.0+)?)?(?:\s?([AaPp])\.?[Mm]\.?)?", re.ASCII)
_NUMBER = re.compile(r"-?\d+(\.\d+)?", re.ASCII)
_WHOLE = re.compile(r"\d{1,9}(\.0+)?", re.ASCII)
_ROUNDED = re.compile(r"-?\d([.,]\d+)?[Ee]\+\d{2,3}", re.ASCII)
_LAST_HOUR = 24
_NOON = 12
_DIGITS_OF_A_SPREADSHEET = 15
_SURELY_ROUNDED = 3

_LONGEST_SEED = 190

_DIGITS_LOST = (
    "a spreadsheet program has rounded this number, and its last digits are lost; give its cell "
    "the format Text and write the value in anew"
)
_AS_ISO = (
    "a date has one meaning only as 2026-04-01; give its cell the format yyyy-mm-dd, or Text, and "
    "save again"
)


class BadValueError(HandoffError):
    """A value of the agreement cannot be used; the message says what may stand there."""


def read_value(kind: str, text: str, choices: tuple[str, ...] = ()) -> str:
    """A value that is not blank in its one form.

    Args:
        kind: text, choice, boolean, date, month, time, zone, count, number, share or seed.
        text: the value as the file has it.
        choices: what a choice may be.

    Raises:
        BadValueError: it is not of its kind, or a spreadsheet program has taken digits from it.
    """
    if any(_ROUNDED.fullmatch(part.strip()) for part in text.split("|")):
        raise BadValueError(_DIGITS_LOST)
    if kind == "choice":
        if text not in choices:
            raise BadValueError("allowed are " + ", ".join(choices))
        return text
    return _READERS[kind](text)


def allowed(kind: str, choices: tuple[str, ...] = ()) -> str:
    """What a value of this kind may be, as a phrase."""
    return {
        "choice": "allowed are " + ", ".join(choices),
        "boolean": "give true or false",
        "date": "give a date that exists, as 2026-04-01",
        "month": "give a month, as 2026-04",
        "time": "give a time of day from 00:00 to 24:00, as 09:00",
        "zone": "give a time zone by its name, as America/New_York",
        "count": "give a whole number of 0 or more",
        "number": "give a number of 0 or more, with a point for decimals",
        "seed": f"give up to {_LONGEST_SEED} printable characters",
        "share": "give a number between 0 and 1",
    }.get(kind, "give a text")


def is_number(text: str) -> bool:
    """Whether `text` is a plain decimal number."""
    return _NUMBER.fullmatch(text) is not None and math.isfinite(float(text))


def _text(text: str) -> str:
    return text


def _seed(text: str) -> str:
    lost = text[_DIGITS_OF_A_SPREADSHEET:]
    if text.isdigit() and len(lost) >= _SURELY_ROUNDED and not lost.strip("0"):
        raise BadValueError(_DIGITS_LOST)
    if len(text) > _LONGEST_SEED or not text.isprintable():
        raise BadValueError(allowed("seed"))
    return text


def _boolean(text: str) -> str:
    if text.lower() not in ("true", "false"):
        raise BadValueError(allowed("boolean"))
    return text.lower()


def _date(text: str) -> str:
    if text.isascii() and text.isdigit() and len(text) != len("20260401"):
        raise BadValueError(f"this is a date as a spreadsheet program counts days; {_AS_ISO}")
    found = _DAY.fullmatch(text)
    if found is None:
        raise BadValueError(_AS_ISO)
    try:
        return date.fromisoformat(found[1]).isoformat()
    except ValueError:
        raise BadValueError(allowed("date")) from None


def _month(text: str) -> str:
    # A spreadsheet program that is given 2026-04 keeps the first of that month.
    found = _DAY.fullmatch(text)
    month = text[: len("2026-04")] if found and found[1].endswith("-01") else text
    try:
        return months.name_of(months.first_day(month))
    except months.MonthError:
        raise BadValueError(
            f"{allowed('month')}; give its cell the format yyyy-mm, or Text, and save again"
        ) from None


def _time(text: str) -> str:
    found = _TIME.fullmatch(text.replace("\N{NARROW NO-BREAK SPACE}", " "))
    if found is None:
        raise BadValueError(allowed("time"))
    hours, minutes, half = int(found[1]), int(found[2]), found[3]
    if half:
        if not 1 <= hours <= _NOON:
            raise BadValueError(allowed("time"))
        hours = hours % _NOON + (_NOON if half in "Pp" else 0)
    if hours > _LAST_HOUR or (hours == _LAST_HOUR and minutes):
        raise BadValueError(allowed("time"))
    return f"{hours:02d}:{minutes:02d}"


def _zone(text: str) -> str:
    try:
        ZoneInfo(text)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise BadValueError(allowed("zone")) from None
    return text


def _count(text: str) -> str:
    if not _WHOLE.fullmatch(text):
        raise BadValueError(allowed("count"))
    return text.partition(".")[0]


def _number(text: str) -> str:
    if not is_number(text) or text.startswith("-"):
        raise BadValueError(allowed("number"))
    return text


def _share(text: str) -> str:
    if not is_number(text) or not 0 < float(text) < 1:
        raise BadValueError(allowed("share"))
    return text


_READERS: dict[str, Callable[[str], str]] = {
    "text": _text,
    "boolean": _boolean,
    "date": _date,
    "month": _month,
    "time": _time,
    "zone": _zone,
    "count": _count,
    "number": _number,
    "share": _share,
    "seed": _seed,
}
