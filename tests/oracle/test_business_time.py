"""Business time reckoned by hand, and against a count of minutes."""

from datetime import UTC, date, datetime, timedelta
from random import Random
from zoneinfo import ZoneInfo

import pytest

from tests.oracle.business_time import BusinessCalendar, WorkingDay
from tests.oracle.stories import at

HOUR = 3_600_000_000
NEW_YORK = ZoneInfo("America/New_York")
BERLIN = ZoneInfo("Europe/Berlin")


@pytest.fixture
def east() -> BusinessCalendar:
    days = [WorkingDay(weekday, "09:00", "17:00") for weekday in range(1, 6)]
    return BusinessCalendar(NEW_YORK, days, {date(2026, 2, 16)})


@pytest.fixture
def split() -> BusinessCalendar:
    days = [WorkingDay(day, *hours) for day in range(1, 6) for hours in _BERLIN_HOURS]
    return BusinessCalendar(BERLIN, days, set())


_BERLIN_HOURS = [("09:00", "13:00"), ("14:00", "18:00")]


@pytest.fixture
def always() -> BusinessCalendar:
    return BusinessCalendar(NEW_YORK, [WorkingDay(d, "00:00", "24:00") for d in range(1, 8)], set())


def test_a_clock_over_the_change_to_summer_time_keeps_local_hours(east: BusinessCalendar) -> None:
    # Friday 16:30 EST, half an hour is left; the rest is done on Monday at 09:30 EDT.
    assert east.due(at("2026-03-06 21:30"), HOUR) == at("2026-03-09 13:30")


def test_a_start_outside_working_hours_starts_at_the_next_opening(east: BusinessCalendar) -> None:
    assert east.due(at("2026-04-04 12:00"), HOUR) == at("2026-04-06 14:00")


def test_a_due_time_on_a_closing_time_is_that_closing_time(east: BusinessCalendar) -> None:
    assert east.due(at("2026-04-06 13:00"), 8 * HOUR) == at("2026-04-06 21:00")


def test_a_holiday_is_no_working_day(east: BusinessCalendar) -> None:
    assert east.due(at("2026-02-13 21:00"), 2 * HOUR) == at("2026-02-17 15:00")
    assert east.between(at("2026-02-16 00:00"), at("2026-02-17 00:00")) == 0


def test_nothing_to_wait_for_is_due_at_the_start_itself(east: BusinessCalendar) -> None:
    assert east.due(at("2026-04-04 12:34:56"), 0) == at("2026-04-04 12:34:56")


def test_days_of_clock_changes_have_23_and_25_hours(always: BusinessCalendar) -> None:
    assert always.between(at("2026-03-08 05:00"), at("2026-03-09 04:00")) == 23 * HOUR
    assert always.between(at("2026-11-01 04:00"), at("2026-11-02 05:00")) == 25 * HOUR


def test_a_lunch_break_does_not_count(split: BusinessCalendar) -> None:
    assert split.due(at("2026-04-07 10:30"), HOUR) == at("2026-04-07 12:30")
    assert split.between(at("2026-04-07 11:00"), at("2026-04-07 12:00")) == 0


def test_a_calendar_that_never_opens_has_no_due_time() -> None:
    assert BusinessCalendar(NEW_YORK, [], set()).due(at("2026-04-07 10:30"), HOUR) is None


@pytest.mark.parametrize("seed", range(4))
def test_working_time_is_the_number_of_working_minutes(seed: int, split: BusinessCalendar) -> None:
    random = Random(seed)
    start = datetime(2026, 3, 25, tzinfo=UTC) + timedelta(minutes=random.randrange(5_000))
    end = start + timedelta(minutes=random.randrange(10_000))
    count, moment = 0, start
    while moment < end:
        local = moment.astimezone(BERLIN)
        is_open = any(opens <= f"{local:%H:%M}" < closes for opens, closes in _BERLIN_HOURS)
        count += local.isoweekday() <= 5 and is_open
        moment += timedelta(minutes=1)
    assert split.between(start, end) == count * 60_000_000


@pytest.mark.parametrize("seed", range(20))
def test_a_due_time_is_the_first_instant_that_is_late_enough(
    seed: int, east: BusinessCalendar
) -> None:
    random = Random(seed)
    start = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=random.randrange(20_000_000))
    span = random.randrange(1, 40 * 3600) * 1_000_000
    due = east.due(start, span)
    assert due is not None
    assert east.between(start, due) == span
    assert east.between(start, due - timedelta(seconds=1)) == span - 1_000_000
