"""A month to review: the company's marts are published, and a call draws it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from lead_handoff.review.draw import DrawResult, draw_month
from tests.warehouse.review.small_company import (
    SmallCompany,
    may_of,
    small_company,
    write_agreement,
)

SEED = "01382438112797316654"


@pytest.fixture
def company() -> SmallCompany:
    return small_company()


@pytest.fixture
def agreement(tmp_path: Path) -> Path:
    return write_agreement(tmp_path / "agreement")


@pytest.fixture
def draw(warehouse: Any, agreement: Path, tmp_path: Path) -> Callable[..., DrawResult]:
    """Draw May 2026 with a known seed, unless told otherwise."""

    def call(month: str = "2026-05", **changes: Any) -> DrawResult:
        arguments = {
            "warehouse_url": warehouse.url(),
            "out_dir": tmp_path / "review",
            "seed": SEED,
            "agreement_dir": agreement,
        }
        return draw_month(month, **(arguments | changes))

    return call


@pytest.fixture
def drawn(warehouse: Any, company: SmallCompany, draw: Callable[..., DrawResult]) -> DrawResult:
    """May 2026 with 60 exits, drawn."""
    may_of(company, 60)
    company.publish(warehouse.url())
    return draw()
