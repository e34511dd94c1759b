"""What a value of each kind may be: the one table that landing, the casts and the docs read.

A kind names the form in which a value is accepted, the limits that keep it within the type it is
cast to, and that type. Landing judges by it row by row and block by block, staging casts by it, and
the limits of dates reach the models as a var (lead_handoff.dbt.project.variables).
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from lead_handoff.settings import SettingError

SMALLEST_INTEGER, LARGEST_INTEGER = -(2**31), 2**31 - 1
"""What an ``integer`` of the warehouse holds."""

WHOLE_DIGITS, DECIMAL_PLACES = 20, 40
"""Digits of a number before and behind its point: sums and products of such stay exact."""

INDEXABLE_BYTES = 2_000
"""No setting lets an id be longer: an index entry holds about 2,700 bytes in all."""


@dataclass(frozen=True)
class Kind:
    """One kind of value.

    Attributes:
        name: the kind, as the catalogue writes it.
        macro: the macro by which staging casts a landed text of it; None where it stays text.
        form: the accepted form, in words.
        is_document: whether the text is JSON.
        holds_ids: whether the value is an id, or made of ids.
    """

    name: str
    macro: str | None
    form: str
    is_document: bool = False
    holds_ids: bool = False


KINDS = {
    kind.name: kind
    for kind in (
        Kind("text", None, "text"),
        Kind("id", None, "an id", holds_ids=True),
        Kind("ids", None, "ids joined by semicolons", holds_ids=True),
        Kind("timestamp", "to_instant", "a date and time that exist, as 2026-05-01T09:30:00Z"),
        Kind("date", "to_date", "a date that exists, as 2026-05-01"),
        Kind("boolean", "to_boolean", "true, false, 1, 0, yes or no"),
        Kind("integer", "to_integer", "a whole number"),
        Kind("number", "to_number", "a number with a decimal point"),
        Kind(
            "attributes",
            "to_document",
            "a JSON object of names and values, or a list of objects with name and value",
            is_document=True,
        ),
        Kind("id_list", "to_list", "a JSON list of ids", is_document=True, holds_ids=True),
        Kind("list", "to_list", "a JSON list", is_document=True),
    )
}
"""Every kind of value that the catalogue's columns have, by name."""


@dataclass(frozen=True)
class DateLimits:
    """Which dates are real; what lies outside stands for "no date".

    Attributes:
        earliest: first real day (UTC).
        latest: last real day (UTC).
        stand_ins: days, as written, that stand for no date although they lie between.
    """

    earliest: date = date(1990, 1, 1)
    latest: date = date(2199, 12, 31)
    stand_ins: frozenset[date] = frozenset({date(1900, 1, 1)})

    def __post_init__(self) -> None:
        # A day is left on either side of the calendar, for what offsets make of a moment.
        if not date(1, 1, 3) <= self.earliest <= self.latest <= date(9999, 12, 29):
            raise SettingError("the earliest date must not lie behind the latest one")

    @property
    def begins(self) -> datetime:
        """The first real instant, in UTC."""
        return datetime.combine(self.earliest, time())

    @property
    def ends(self) -> datetime:
        """The first instant, in UTC, that is real no more."""
        return datetime.combine(self.latest + timedelta(days=1), time())

    def is_stand_in(self, instant: datetime, written: str) -> bool:
        """Whether an instant (UTC, naive), written with this date in front, stands for no date."""
        return not self.begins <= instant < self.ends or (
            bool(self.stand_ins) and date.fromisoformat(written[:10]) in self.stand_ins
        )

    def as_variable(self) -> dict[str, Any]:
        """The same for the models: the instants, and the days as written that need no closer look.

        ``inside`` are the days that no offset carries over a limit, ``around`` adds those that lie
        so near that one may.
        """
        near = timedelta(days=2)
        days = {
            "earliest": self.earliest,
            "latest": self.latest,
            "inside_from": self.earliest + near,
            "inside_to": self.latest - near,
            "around_from": self.earliest - near,
            "around_to": self.latest + near,
        }
        return {name: day.isoformat() for name, day in days.items()} | {
            "begins": f"{self.begins.isoformat(' ')}+00",
            "ends": f"{self.ends.isoformat(' ')}+00",
            "stand_ins": sorted(day.isoformat() for day in self.stand_ins),
        }

    @classmethod
    def from_environment(cls) -> DateLimits:
        """The defaults, each overridden by its variable where that is set.

        HANDOFF_EARLIEST_DATE, HANDOFF_LATEST_DATE and, separated by commas, HANDOFF_STAND_IN_DATES.

        Raises:
            SettingError: a variable is not made of ISO dates, or the limits contradict each other.
        """
        given: dict[str, Any] = {}
        for name in ("earliest", "latest"):
            days = _days(f"HANDOFF_{name.upper()}_DATE")
            if days:
                given[name] = min(days)
        if "HANDOFF_STAND_IN_DATES" in os.environ:
            given["stand_ins"] = _days("HANDOFF_STAND_IN_DATES")
        return cls(**given)


def _days(variable: str) -> frozenset[date]:
    """The ISO dates of an environment variable, separated by commas."""
    texts = [text.strip() for text in os.environ.get(variable, "").split(",")]
    try:
        return frozenset(date.fromisoformat(text) for text in texts if text)
    except ValueError as error:
        raise SettingError(f"{variable} is not made of dates such as 1990-01-01") from error
