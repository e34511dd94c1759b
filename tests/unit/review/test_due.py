"""A month's review begins on the first business day after it, in the agreement's calendar."""

import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest

from lead_handoff import settings
from lead_handoff.agreement import Agreement
from lead_handoff.review.due import begins_at
from lead_handoff.review.errors import PolicyError


@pytest.fixture(scope="module")
def agreement() -> Agreement:
    """The example agreement: New York, its default calendar us_east."""
    return Agreement(settings.agreement_dir())


@pytest.mark.parametrize(
    ("month", "begins"),
    [
        ("2026-05", datetime(2026, 6, 1, 4, tzinfo=UTC)),  # a Monday, summer time
        ("2026-07", datetime(2026, 8, 3, 4, tzinfo=UTC)),  # the first is a Saturday
        ("2025-12", datetime(2026, 1, 2, 5, tzinfo=UTC)),  # New Year's Day is a holiday
        ("2025-08", datetime(2025, 9, 2, 4, tzinfo=UTC)),  # Labor Day
        ("2026-10", datetime(2026, 11, 2, 5, tzinfo=UTC)),  # the night the clocks go back
        ("2026-01", datetime(2026, 2, 2, 5, tzinfo=UTC)),
    ],
)
def test_the_review_begins_on_the_first_business_day(
    agreement: Agreement, month: str, begins: datetime
) -> None:
    assert begins_at(month, agreement) == begins


def test_a_month_before_the_first_version_goes_by_that_version(agreement: Agreement) -> None:
    assert begins_at("2020-02", agreement) == datetime(2020, 3, 2, 5, tzinfo=UTC)


def test_a_calendar_that_is_never_open_is_named(tmp_path: Path) -> None:
    closed = Path(shutil.copytree(settings.agreement_dir(), tmp_path / "closed"))
    calendars = closed / "agreement_calendars.csv"
    calendars.write_text(calendars.read_text().splitlines()[0] + "\n")
    with pytest.raises(PolicyError, match="us_east"):
        begins_at("2026-05", Agreement(closed))
