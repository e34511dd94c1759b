"""A run for an earlier date, over all that has landed since, gives what that night gave."""

import pytest

from tests.warehouse.marts.conftest import History
from tests.warehouse.marts.nights import assert_same, fingerprint

pytestmark = pytest.mark.slow

# Up to this one, every folder was there in its night; a folder that came late would be news to it.
THIRD = 2


def test_an_earlier_night_is_given_again_as_it_was(history: History) -> None:
    night = history.told[THIRD]
    assert all(row.folder_date <= night.date for row in night.rows)
    plan = history.nights.run(night.date)
    assert plan.is_full
    found = history.nights.marts()
    assert_same(night.marts, found, f"{history.seed}, the night of {night.date}")
    assert fingerprint(found) == fingerprint(night.marts)
