"""Days that a source has purged before they were pulled are named, and no others."""

from datetime import UTC, date, datetime, timedelta

import pytest

from lead_handoff.extracts.purging import Kept, gone

DELETIONS, ACTIVITIES = Kept("deletions", 14), Kept("activities", 90, is_whole=True)
NOW = datetime(2026, 5, 2, 6, tzinfo=UTC)


def days(*kept: Kept, apart: timedelta) -> list[tuple[str, date, date]]:
    found = gone(kept, NOW - apart, None, NOW)
    return [(each.what, each.first_day, each.last_day) for each in found]


def test_pulls_twenty_days_apart_lose_six_days_of_deletions_and_no_activity() -> None:
    assert days(DELETIONS, ACTIVITIES, apart=timedelta(days=20)) == [
        ("deletions", date(2026, 4, 12), date(2026, 4, 18))
    ]


def test_pulls_a_hundred_days_apart_lose_activities_too() -> None:
    assert days(DELETIONS, ACTIVITIES, apart=timedelta(days=100)) == [
        ("deletions", date(2026, 1, 22), date(2026, 4, 18)),
        ("activities", date(2026, 1, 22), date(2026, 2, 1)),
    ]


@pytest.mark.parametrize("apart", [timedelta(hours=1), timedelta(days=14)])
def test_a_pull_in_time_loses_nothing(apart: timedelta) -> None:
    assert days(DELETIONS, ACTIVITIES, apart=apart) == []


def test_a_first_pull_misses_rows_from_its_beginning_on_and_no_deletion() -> None:
    begins = datetime(2026, 1, 1, tzinfo=UTC)
    (found,) = gone((DELETIONS, ACTIVITIES), None, begins, NOW)
    assert (found.what, found.first_day, found.last_day) == (
        "activities",
        date(2026, 1, 1),
        date(2026, 2, 1),
    )
    assert gone((DELETIONS, ACTIVITIES), None, None, NOW) == ()
