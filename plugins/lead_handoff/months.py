"""The one way in which a calendar month is written: 2026-05."""

import re
from datetime import date

from lead_handoff.errors import HandoffError

_MONTH = re.compile(r"(19[7-9]\d|[2-9]\d{3})-(0[1-9]|1[0-2])", re.ASCII)


class MonthError(HandoffError):
    """A text names no month."""


def first_day(month: str) -> date:
    """The first day of the month called YYYY-MM.

    Raises:
        MonthError: the text names no month since 1970.
    """
    if not _MONTH.fullmatch(month):
        raise MonthError(f"{month!r} is no month; give one as 2026-05")
    return date(int(month[:4]), int(month[5:]), 1)


def next_month(first: date) -> date:
    """The first day of the month after that of `first`."""
    return date(first.year + first.month // 12, first.month % 12 + 1, 1)


def name_of(day: date) -> str:
    """The month of a day, as 2026-05."""
    return f"{day:%Y-%m}"
