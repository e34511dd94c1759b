"""Schedules, and the one place that says which night or month a run is for.

Each kind of run carries something else: a scheduled or backfilled one its data interval, a manual
one a ``date`` or ``month`` in its configuration, and a run triggered otherwise nothing at all.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from lead_handoff import months
from lead_handoff.errors import HandoffError

if TYPE_CHECKING:
    from airflow.sdk import CronDataIntervalTimetable

ZONE_VARIABLE = "HANDOFF_SCHEDULE_ZONE"
ANSWER_VARIABLE = "HANDOFF_REVIEW_ANSWER_DAYS"
LONGEST_ANSWER_DAYS = 25
"""So that a month's question is closed before the next month's is put."""


class WindowError(HandoffError):
    """It is not clear, or not possible, which night or month a run is for."""


@dataclass(frozen=True)
class Night:
    """The night of a run.

    Attributes:
        as_of: end of the data interval; marts show the world as it was then.
        night: its date in the schedule's zone; folders dated on or before it are loaded.
    """

    as_of: datetime
    night: date


def schedule_zone() -> ZoneInfo:
    """The zone in which a night begins at midnight: UTC unless HANDOFF_SCHEDULE_ZONE is set."""
    name = os.environ.get(ZONE_VARIABLE, "").strip() or "UTC"
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise WindowError(
            f"{ZONE_VARIABLE} is {name!r}, which is no time zone; give a name like Europe/Berlin."
        ) from error


def nightly_schedule() -> CronDataIntervalTimetable:
    """Each midnight, with the day before it as data interval.

    Named explicitly: a bare cron text would give runs an empty interval.
    """
    return _every("0 0 * * *")


def intake_schedule() -> CronDataIntervalTimetable:
    """Every five minutes: why the folder is looked into and not watched is told in decision 31."""
    return _every("*/5 * * * *")


def time_to_answer() -> timedelta:
    """How long the review's chair has for the seed: three days unless ANSWER_VARIABLE is set."""
    given = os.environ.get(ANSWER_VARIABLE, "").strip() or "3"
    try:
        waiting = timedelta(days=float(given))
    except (ValueError, OverflowError):
        waiting = timedelta(0)
    if not timedelta(0) < waiting <= timedelta(days=LONGEST_ANSWER_DAYS):
        raise WindowError(
            f"{ANSWER_VARIABLE} is {given!r}; give a number of days above 0 and up to "
            f"{LONGEST_ANSWER_DAYS}."
        )
    return waiting


def _every(cron: str) -> CronDataIntervalTimetable:
    from airflow.sdk import CronDataIntervalTimetable

    return CronDataIntervalTimetable(cron, timezone=str(schedule_zone()))


def midnight(night: date) -> datetime:
    """The first instant of a date in the schedule's zone, in UTC."""
    return datetime.combine(night, time(), schedule_zone()).astimezone(ZoneInfo("UTC"))


def night_of(dag_run: Any) -> Night:
    """The night a run is for.

    ``date`` in the run's configuration wins; else the end of its data interval counts.

    Raises:
        WindowError: neither is there, the date is no date, or the interval is empty.
    """
    given = _setting(dag_run, "date")
    if given is not None:
        night = parse_date(given)
        return Night(midnight(night), night)
    start, end = _interval(dag_run)
    if start is None or end is None:
        raise WindowError(
            "This run has no data interval, so it is not clear which night it is for. Trigger it "
            'with a configuration such as {"date": "2026-05-01"}.'
        )
    if start >= end:
        raise WindowError(
            f"The data interval of this run is empty ({start.isoformat()} to {end.isoformat()}). "
            'Trigger it with a configuration such as {"date": "2026-05-01"}.'
        )
    return Night(end.astimezone(ZoneInfo("UTC")), end.astimezone(schedule_zone()).date())


def month_given(dag_run: Any) -> str | None:
    """The month (YYYY-MM) that a run of the monthly draw names in its configuration, if it does.

    Raises:
        MonthError: what it names is no month.
    """
    given = _setting(dag_run, "month")
    return None if given is None else months.name_of(months.first_day(str(given).strip()))


def parse_date(text: Any) -> date:
    """A date as YYYY-MM-DD; WindowError if it is none."""
    try:
        return date.fromisoformat(str(text).strip())
    except ValueError as error:
        raise WindowError(f"{text!r} is no date; give one as YYYY-MM-DD.") from error


def _setting(dag_run: Any, name: str) -> Any:
    conf: Mapping[str, Any] = getattr(dag_run, "conf", None) or {}
    value = conf.get(name)
    return None if value in (None, "") else value


def _interval(dag_run: Any) -> tuple[datetime | None, datetime | None]:
    start = getattr(dag_run, "data_interval_start", None)
    return start, getattr(dag_run, "data_interval_end", None)
