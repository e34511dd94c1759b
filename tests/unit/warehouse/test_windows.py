"""Which night or month a run is for."""

from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from lead_handoff.airflow.windows import (
    WindowError,
    midnight,
    month_given,
    night_of,
    time_to_answer,
)
from lead_handoff.months import MonthError

MAY_1 = datetime(2026, 5, 1, tzinfo=UTC)
APRIL_30 = datetime(2026, 4, 30, tzinfo=UTC)


def run(start: datetime | None = None, end: datetime | None = None, **conf: Any) -> SimpleNamespace:
    return SimpleNamespace(data_interval_start=start, data_interval_end=end, conf=conf)


def test_a_scheduled_run_is_for_the_end_of_its_data_interval() -> None:
    night = night_of(run(APRIL_30, MAY_1))
    assert (night.as_of, night.night) == (MAY_1, date(2026, 5, 1))


def test_a_manual_run_is_for_the_date_it_names_whatever_its_interval() -> None:
    night = night_of(run(APRIL_30, MAY_1, date="2026-03-02"))
    assert (night.as_of, night.night) == (datetime(2026, 3, 2, tzinfo=UTC), date(2026, 3, 2))


def test_an_empty_interval_is_refused() -> None:
    with pytest.raises(WindowError, match="empty"):
        night_of(run(MAY_1, MAY_1))


def test_a_run_with_neither_interval_nor_date_is_refused() -> None:
    with pytest.raises(WindowError, match="not clear which night"):
        night_of(run())


def test_a_date_that_is_none_is_refused() -> None:
    with pytest.raises(WindowError, match="2026-02-30"):
        night_of(run(date="2026-02-30"))


def test_a_night_begins_at_midnight_of_the_schedules_zone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HANDOFF_SCHEDULE_ZONE", "Europe/Berlin")
    assert midnight(date(2026, 5, 1)) == datetime(2026, 4, 30, 22, tzinfo=UTC)
    assert midnight(date(2026, 1, 1)) == datetime(2025, 12, 31, 23, tzinfo=UTC)


def test_a_zone_that_is_none_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HANDOFF_SCHEDULE_ZONE", "Mars/Olympus")
    with pytest.raises(WindowError, match="Mars/Olympus"):
        midnight(date(2026, 5, 1))


def test_the_monthly_draw_takes_the_named_month_and_else_the_one_that_is_due() -> None:
    assert month_given(run(month="2026-02")) == "2026-02"
    assert month_given(run(APRIL_30, MAY_1)) is None
    assert month_given(run(month=None)) is None


def test_the_chair_has_three_days_to_answer_unless_told_otherwise(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert time_to_answer() == timedelta(days=3)
    monkeypatch.setenv("HANDOFF_REVIEW_ANSWER_DAYS", "0.5")
    assert time_to_answer() == timedelta(hours=12)


@pytest.mark.parametrize("days", ["0", "-1", "26", "nan", "soon"])
def test_a_time_to_answer_that_is_none_is_refused(
    monkeypatch: pytest.MonkeyPatch, days: str
) -> None:
    monkeypatch.setenv("HANDOFF_REVIEW_ANSWER_DAYS", days)
    with pytest.raises(WindowError, match="HANDOFF_REVIEW_ANSWER_DAYS"):
        time_to_answer()


@pytest.mark.parametrize("text", ["2026-13", "May", "2026"])
def test_a_month_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(MonthError):
        month_given(run(month=text))
