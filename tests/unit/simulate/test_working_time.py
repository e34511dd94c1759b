"""Office hours of the simulated company, against a minute-by-minute count."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lead_handoff.simulate.calendars import OFFICE_HOURS, WorkingTime, holidays_of
from lead_handoff.simulate.identifiers import expand, salesforce_id

CALENDARS = {name: WorkingTime(name, date(2026, 1, 1), date(2026, 12, 31)) for name in OFFICE_HOURS}
instants = st.integers(
    int(datetime(2026, 2, 1, tzinfo=UTC).timestamp()),
    int(datetime(2026, 11, 1, tzinfo=UTC).timestamp()),
)


def is_open(name: str, instant: int) -> bool:
    calendar = CALENDARS[name]
    local = datetime.fromtimestamp(instant, calendar.zone)
    return (
        local.weekday() < 5
        and local.date() not in holidays_of(name, local.year)
        and any(opens <= local.hour < closes for opens, closes in OFFICE_HOURS[name][1])
    )


@given(name=st.sampled_from(sorted(OFFICE_HOURS)), start=instants, hours=st.integers(1, 40))
def test_after_is_the_earliest_instant_with_that_much_work(
    name: str, start: int, hours: int
) -> None:
    calendar = CALENDARS[name]
    due = calendar.after(start, hours * 3_600)
    assert calendar.worked(due) - calendar.worked(start) == hours * 3_600
    assert calendar.worked(due - 1) - calendar.worked(start) == hours * 3_600 - 1


@given(name=st.sampled_from(sorted(OFFICE_HOURS)), instant=instants)
def test_open_at_is_now_or_the_next_opening(name: str, instant: int) -> None:
    calendar = CALENDARS[name]
    opening = calendar.open_at(instant)
    assert is_open(name, opening)
    assert (opening == instant) == is_open(name, instant)
    assert calendar.worked(opening) == calendar.worked(instant)


@pytest.mark.parametrize("name", sorted(OFFICE_HOURS))
def test_a_week_with_a_clock_change_has_its_forty_hours(name: str) -> None:
    calendar = CALENDARS[name]
    for monday in (date(2026, 3, 9), date(2026, 10, 26)):
        start = int(datetime.combine(monday, datetime.min.time(), calendar.zone).timestamp())
        end = monday + timedelta(7)
        stop = int(datetime.combine(end, datetime.min.time(), calendar.zone).timestamp())
        assert calendar.worked(stop) - calendar.worked(start) == 40 * 3_600


def test_weekly_finds_the_coming_friday_afternoon() -> None:
    calendar = CALENDARS["us_east"]
    wednesday = int(datetime(2026, 4, 1, 15, tzinfo=UTC).timestamp())
    friday = calendar.weekly(wednesday, 4, 16, 30)
    assert datetime.fromtimestamp(friday, UTC) == datetime(2026, 4, 3, 20, 30, tzinfo=UTC)
    assert calendar.weekly(friday, 4, 16, 30) == friday
    assert calendar.weekly(friday + 1, 4, 16, 30) == friday + 7 * 86_400


@given(number=st.integers(0, 62**5 - 1))
def test_an_id_carries_its_checksum(number: int) -> None:
    found = salesforce_id("00Q", number)
    assert len(found) == 18
    assert expand(found[:15]) == found


def test_ids_are_distinct() -> None:
    numbers = [*range(4_000), *range(238_320, 238_400), 62**5 - 1]
    assert len({salesforce_id("017", number) for number in numbers}) == len(numbers)


def test_a_known_id_is_expanded_as_salesforce_does() -> None:
    assert expand("001A0000006Vm9r") == "001A0000006Vm9rIAC"
