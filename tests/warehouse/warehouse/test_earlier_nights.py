"""A night earlier than the published one lands its rows and is shown only where that is meant."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import psycopg
import pytest

from lead_handoff.airflow import night
from lead_handoff.airflow.windows import Night


def run(day: int, *, meant: bool = False) -> night.Run:
    of = Night(datetime(2026, 5, day, tzinfo=UTC), date(2026, 5, day))
    return night.Run("test", of, is_earlier_meant=meant)


@pytest.fixture
def shown(warehouse: Any) -> None:
    """Readers see the night of 5 May, published after that of 7 May was taken back."""
    with psycopg.connect(warehouse.url("owner")) as connection:
        for day in (7, 5):
            connection.execute(
                "insert into ops.generations (slot, as_of, night, fence, run_id, models, is_full)"
                " values ('slot_blue', %s, %s, 1, 'x', 1, true)",
                (datetime(2026, 5, day, tzinfo=UTC), date(2026, 5, day)),
            )


@pytest.mark.usefixtures("shown")
def test_an_earlier_night_is_neither_built_nor_shown_by_accident() -> None:
    with pytest.raises(night.EarlierNightError, match="night 2026-05-04 is neither built") as said:
        night.build(run(4))
    assert "readers see the later night 2026-05-05" in str(said.value)
    assert "Its rows have landed" in str(said.value)
    assert '"earlier": true' in str(said.value), "the way to ask for it"


@pytest.mark.usefixtures("shown")
def test_the_published_night_a_later_one_and_one_that_is_meant_are_built() -> None:
    assert night.earlier_than_published(run(5)) is None
    assert night.earlier_than_published(run(6)) is None
    assert night.earlier_than_published(run(4, meant=True)) is None


def test_before_the_first_publication_every_night_is_built(warehouse: Any) -> None:
    assert warehouse.url("owner")
    assert night.earlier_than_published(run(1)) is None
