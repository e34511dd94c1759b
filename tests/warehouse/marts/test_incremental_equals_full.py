"""However a company's rows are split into nights, the marts are those of one full build."""

from itertools import pairwise

import pytest

from tests.warehouse.marts.conftest import History
from tests.warehouse.marts.nights import Marts, assert_same, fingerprint, reference

pytestmark = pytest.mark.slow


def test_each_night_equals_the_reference_over_what_had_arrived(history: History) -> None:
    for number, night in enumerate(history.told, 1):
        label = f"{history.seed}, night {number} ({night.date}, {night.plan.reason})"
        assert_same(reference(night.rows, night.date), night.marts, label)


def test_after_the_last_night_the_marts_are_those_of_a_full_build(history: History) -> None:
    assert history.full.plan.is_full
    last = history.told[-1]
    assert_same(history.full.marts, last.marts, f"{history.seed}, compared with a full build")
    assert fingerprint(history.full.marts) == fingerprint(last.marts)


def test_the_nights_are_really_brought_forward_and_in_turn(history: History) -> None:
    plans = [night.plan for night in history.told]
    assert [plan.slot for plan in plans] == ["slot_blue", "slot_green"] * 2 + ["slot_blue"]
    assert [plan.is_full for plan in plans] == [True, True, False, False, False]
    assert not history.again.plan.is_full


def test_a_night_landed_and_built_twice_changes_nothing(history: History) -> None:
    before, after = history.raw
    assert before == after
    assert history.again.plan.slot != history.told[-1].plan.slot
    assert fingerprint(history.again.marts) == fingerprint(history.told[-1].marts)


def test_these_nights_are_hard_ones(history: History) -> None:
    """A history of which every night is plain would prove little."""
    rows = [night.rows for night in history.told]
    assert len(rows[2]) == len(rows[3]), "the fourth night is empty"
    for number in (1, 2, 4):
        news, day_before = rows[number][len(rows[number - 1]) :], history.told[number - 1].date
        assert news
        if number > 1:
            assert any(row.folder_date <= day_before for row in news), "folders come late"
    delivered = [(row.source, row.object, tuple(row.row.items())) for row in rows[-1]]
    assert len(set(delivered)) < len(delivered), "rows come again"
    moves = [
        {row["transition_id"] for row in history.told[number].marts["fct_stage_transitions"]}
        for number in (0, 1, 2, 4)
    ]
    assert all(one != two for one, two in pairwise(moves)), "nights bring moves"


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
