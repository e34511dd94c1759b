"""A comparison proves something only if it can fail."""

from copy import deepcopy
from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.oracle.compare import KEYS
from tests.oracle.histories import NIGHT
from tests.warehouse.marts.conftest import Built, History
from tests.warehouse.marts.nights import Marts, assert_same, compared, reference

pytestmark = pytest.mark.slow


def another(value: Any) -> Any:
    """A value near this one, and not equal to it."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, datetime):
        return value + timedelta(microseconds=1)
    if isinstance(value, str):
        return value + " "
    if value is None:
        return "something"
    return value + 1


def test_every_column_is_compared(company: Built) -> None:
    expected = reference(company.rows, NIGHT)
    for mart, key in KEYS.items():
        for column in [name for name in expected[mart][0] if name not in key]:
            first, *others = expected[mart]
            altered = [first | {column: another(first[column])}, *others]
            found = compared(expected, expected | {mart: altered})
            assert [(one.mart, one.column) for one in found] == [(mart, column)]


def test_every_column_is_filled_somewhere(company: Built) -> None:
    """A column that is null on every row would be compared in vain."""
    never: set[tuple[str, str]] = set()
    for mart, rows in reference(company.rows, NIGHT).items():
        never |= {(mart, name) for name in rows[0] if all(row[name] is None for row in rows)}
    assert never <= {("dim_leads", "hubspot_contact_id"), ("fct_handoffs", "campaign_id")}


@pytest.mark.parametrize("mart", KEYS)
def test_a_row_that_is_missing_or_too_many_is_reported(company: Built, mart: str) -> None:
    expected = reference(company.rows, NIGHT)
    dropped = deepcopy(expected)
    gone = dropped[mart].pop()
    assert [one.column for one in compared(expected, dropped)] == [None]
    assert [one.column for one in compared(dropped, expected)] == [None]
    assert gone not in dropped[mart]


def test_a_lead_left_as_it_was_the_night_before_is_reported(history: History) -> None:
    """What an incremental build does that does not notice a lead's news."""
    old, new = history.told[2].marts, history.told[4].marts
    stale = _lead_with_news(old, new)
    mixed = dict(new)
    for mart in ("dim_leads", "fct_stage_transitions", "fct_handoffs"):
        kept = [row for row in new[mart] if row["lead_id"] != stale]
        mixed[mart] = kept + [row for row in old[mart] if row["lead_id"] == stale]
    with pytest.raises(pytest.fail.Exception, match=f"seed {history.seed}"):
        assert_same(history.full.marts, mixed, history.seed)


def _lead_with_news(old: Marts, new: Marts) -> str:
    def moves(marts: Marts) -> dict[str, int]:
        counts: dict[str, int] = {}
        for row in marts["fct_stage_transitions"]:
            counts[row["lead_id"]] = counts.get(row["lead_id"], 0) + 1
        return counts

    before, after = moves(old), moves(new)
    return next(lead for lead, count in after.items() if 0 < before.get(lead, 0) < count)
