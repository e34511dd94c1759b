"""Which night or month a run is for."""

from datetime import UTC, date, datetime
from types import SimpleNamespace
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from lead_handoff.airflow.windows import (
    WindowError,
    last_full_month,
    midnight,
    month_of,
    night_of,
    parse_month,
)

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


def test_a_month_is_over_when_it_is_over_in_the_agreements_zone() -> None:
    new_york = ZoneInfo("America/New_York")
    assert last_full_month(MAY_1, ZoneInfo("UTC")) == "2026-04"
    assert last_full_month(MAY_1, new_york) == "2026-03"
    assert last_full_month(datetime(2026, 5, 2, tzinfo=UTC), new_york) == "2026-04"


def test_the_monthly_draw_takes_the_named_month_else_the_last_full_one() -> None:
    utc = ZoneInfo("UTC")
    assert month_of(run(month="2026-02"), MAY_1, utc) == "2026-02"
    assert month_of(run(APRIL_30, MAY_1), None, utc) == "2026-04"
    assert month_of(run(), MAY_1, utc) == "2026-04"


def test_nothing_can_be_drawn_before_the_first_publication() -> None:
    with pytest.raises(WindowError, match="nightly_lead_load"):
        month_of(run(), None, ZoneInfo("UTC"))


@pytest.mark.parametrize("text", ["2026-13", "May", "2026", ""])
def test_a_month_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(WindowError):
        parse_month(text)
