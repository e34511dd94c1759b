"""Which month is drawn by itself after a published night, and why none is."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from lead_handoff import settings
from lead_handoff.review.draw import draw_month, freeze_month
from lead_handoff.review.due import month_due
from tests.warehouse.review.small_company import SmallCompany


@pytest.fixture
def agreement() -> Path:
    """The example agreement, whose review began with April 2026."""
    return settings.agreement_dir()


def test_nothing_is_due_before_the_first_published_night(warehouse: Any, agreement: Path) -> None:
    month, reason = month_due(warehouse.url(), agreement)
    assert month is None
    assert "run a night first" in reason


def test_a_month_comes_due_with_the_first_night_of_its_first_business_day(
    warehouse: Any, company: SmallCompany, agreement: Path
) -> None:
    """August 2026 begins on a Saturday, so that July waits for Monday."""
    for day, due in ((2, None), (3, None), (4, "2026-07"), (20, "2026-07")):
        company.publish(warehouse.url(), as_of=datetime(2026, 8, day, tzinfo=UTC))
        month, reason = month_due(warehouse.url(), agreement)
        assert month == due, reason
        if day == 3:  # the third in UTC is still Sunday in New York
            assert "2026-07 is over" in reason
            assert "2026-08-03T04:00Z" in reason


def test_a_frozen_month_is_due_until_it_is_drawn(
    warehouse: Any, company: SmallCompany, agreement: Path, tmp_path: Path
) -> None:
    company.publish(warehouse.url(), as_of=datetime(2026, 8, 4, tzinfo=UTC))
    freeze_month("2026-07", warehouse_url=warehouse.url(), agreement_dir=agreement)
    assert month_due(warehouse.url(), agreement)[0] == "2026-07"
    draw_month("2026-07", warehouse_url=warehouse.url(), out_dir=tmp_path, agreement_dir=agreement)
    month, reason = month_due(warehouse.url(), agreement)
    assert month is None
    assert "drawn already" in reason


def test_months_before_the_first_reviewed_one_are_left_alone(
    warehouse: Any, company: SmallCompany, agreement: Path
) -> None:
    company.publish(warehouse.url(), as_of=datetime(2026, 4, 2, tzinfo=UTC))
    month, reason = month_due(warehouse.url(), agreement)
    assert month is None
    assert "months_reviewed_from is 2026-04" in reason
