"""Which times tell a day and no time of day, worked by hand.

The pinned agreement lives in New York; its sources write UTC. 2026-04-07 is a Tuesday.
"""

from datetime import UTC, datetime, timedelta

import pytest

from tests.oracle.stories import ALICE, TIMER, Story, at
from tests.oracle.times_of_day import Day

END = "2026-05-01 00:00"
HISTORY = ("salesforce", "LeadHistory", "CreatedDate")


def day_of(story: Story, when: str) -> Day | None:
    return story.judged(END).company.times.day_of(HISTORY, at(when))


def write_at_nine(story: Story, days: int, times: int, actor: str = ALICE) -> None:
    """So many changes of owner, spread over so many days, each at 09:00 UTC."""
    for number in range(times):
        moment = datetime(2026, 4, 1 + number % days, 9, tzinfo=UTC)
        story.history(f"{moment:%Y-%m-%d %H:%M}", "Rating", "", "hot", actor)


@pytest.mark.parametrize(
    ("when", "first"),
    [
        ("2026-04-07 00:00:00", "2026-04-07 00:00"),
        # Midnight in New York, where the agreement lives.
        ("2026-04-07 04:00:00", "2026-04-07 04:00"),
    ],
)
def test_midnight_is_no_time_of_day(story: Story, when: str, first: str) -> None:
    day = day_of(story, when)
    assert day == Day(at(first), at(first) + timedelta(days=1))
    assert day.last == at(first) + timedelta(days=1) - timedelta(seconds=1)


@pytest.mark.parametrize("when", ["2026-04-07 00:00:01", "2026-04-07 09:00", "2026-04-07 05:00"])
def test_another_time_is_one(story: Story, when: str) -> None:
    assert day_of(story, when) is None


def test_a_day_is_as_long_as_its_zone_makes_it(story: Story) -> None:
    """Clocks in New York went forward on this Sunday."""
    assert day_of(story, "2026-03-08 05:00") == Day(at("2026-03-08 05:00"), at("2026-03-09 04:00"))


def test_the_one_time_that_a_column_shows_is_none(story: Story) -> None:
    write_at_nine(story, days=10, times=20)
    assert day_of(story, "2026-04-20 09:00") == Day(at("2026-04-20 00:00"), at("2026-04-21 00:00"))
    assert day_of(story, "2026-04-20 09:01") is None


@pytest.mark.parametrize(("days", "times"), [(9, 20), (10, 19)])
def test_few_rows_or_days_show_nothing(story: Story, days: int, times: int) -> None:
    write_at_nine(story, days, times)
    assert day_of(story, "2026-04-20 09:00") is None


@pytest.mark.parametrize(("others", "is_one"), [(2, True), (3, False)])
def test_nine_in_ten_rows_have_to_show_it(story: Story, others: int, is_one: bool) -> None:
    write_at_nine(story, days=10, times=20)
    for number in range(others):
        story.history(f"2026-04-0{number + 1} 15:0{number}", "Rating", "", "cold")
    assert (day_of(story, "2026-04-20 09:00") is not None) == is_one


def test_what_a_machine_writes_every_night_is_its_own_hour(story: Story) -> None:
    write_at_nine(story, days=10, times=20, actor=TIMER)
    assert day_of(story, "2026-04-20 09:00") is None
    # Two rows of people at other times are not enough to tell anything.
    story.history("2026-04-01 15:00", "Rating", "", "cold")
    assert day_of(story, "2026-04-20 09:00") is None
