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

from lead_handoff.errors import HandoffError

if TYPE_CHECKING:
    from airflow.sdk import CronDataIntervalTimetable

ZONE_VARIABLE = "HANDOFF_SCHEDULE_ZONE"


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


def monthly_schedule() -> CronDataIntervalTimetable:
    """At six on the second of each month.

    Not on the first: the month ends in the agreement's zone, and only the night of the second has
    an as_of at or after that end in every zone of the world.
    """
    return _every("0 6 2 * *")


def hourly_schedule() -> CronDataIntervalTimetable:
    """Each full hour."""
    return _every("0 * * * *")


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


def month_of(dag_run: Any, published_as_of: datetime | None, zone: ZoneInfo) -> str:
    """The month (YYYY-MM) a run of the monthly draw is for.

    ``month`` in the configuration wins; else the last month that had ended, in the agreement's
    zone, at the end of the run's data interval, or, without one, at the published night's as_of.

    Raises:
        WindowError: none of these is there, or the month is no month.
    """
    given = _setting(dag_run, "month")
    if given is not None:
        return parse_month(given)
    _, end = _interval(dag_run)
    moment = end or published_as_of
    if moment is None:
        raise WindowError(
            "No night has been published yet, so there is no month to draw from. Run "
            "nightly_lead_load first."
        )
    return last_full_month(moment, zone)


def last_full_month(moment: datetime, zone: ZoneInfo) -> str:
    """The last month that had ended at an instant, in a zone."""
    first = moment.astimezone(zone).date().replace(day=1)
    return f"{first - timedelta(days=1):%Y-%m}"


def parse_date(text: Any) -> date:
    """A date as YYYY-MM-DD; WindowError if it is none."""
    try:
        return date.fromisoformat(str(text).strip())
    except ValueError as error:
        raise WindowError(f"{text!r} is no date; give one as YYYY-MM-DD.") from error


def parse_month(text: Any) -> str:
    """A month as YYYY-MM; WindowError if it is none."""
    try:
        return f"{datetime.strptime(str(text).strip(), '%Y-%m'):%Y-%m}"  # noqa: DTZ007 - a month
    except ValueError as error:
        raise WindowError(f"{text!r} is no month; give one as YYYY-MM.") from error


def _setting(dag_run: Any, name: str) -> Any:
    conf: Mapping[str, Any] = getattr(dag_run, "conf", None) or {}
    value = conf.get(name)
    return None if value in (None, "") else value


def _interval(dag_run: Any) -> tuple[datetime | None, datetime | None]:
    start = getattr(dag_run, "data_interval_start", None)
    return start, getattr(dag_run, "data_interval_end", None)
