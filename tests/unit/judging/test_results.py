"""What a gate returns cannot claim more than it knows."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lead_handoff.errors import HandoffError
from lead_handoff.judging import FindingsResult, GateFailedError, GateFailure, GateResult, require

NIGHT = date(2026, 5, 1)
FAILURE = GateFailure("leads_are_unique", "dim_leads", "not so", ({"lead_id": "a"},), "repair it")


@given(st.integers(0, 50), st.integers(0, 50), st.booleans())
def test_a_gate_passes_only_when_all_that_was_declared_was_executed_and_held(
    declared: int, executed: int, failed: bool
) -> None:
    result = GateResult("raw", NIGHT, declared, executed, (FAILURE,) if failed else ())
    assert result.passed == (0 < declared == executed and not failed)


@pytest.mark.parametrize("result", [GateResult("raw", NIGHT, 0, 0), GateResult("raw", NIGHT, 9, 8)])
def test_a_gate_that_proved_nothing_stops_the_night(result: GateResult) -> None:
    with pytest.raises(GateFailedError, match="nothing was proven"):
        require(result)


def test_a_gate_that_passed_stops_nothing() -> None:
    require(GateResult("raw", NIGHT, 9, 9))


def test_the_error_is_one_a_user_can_act_on() -> None:
    with pytest.raises(HandoffError) as caught:
        require(GateResult("marts", NIGHT, 9, 9, (FAILURE,)))
    message = str(caught.value)
    for part in ("gate marts", "2026-05-01", "leads_are_unique", "lead_id=a", "repair it"):
        assert part in message


def test_a_long_list_of_rows_is_shortened_in_the_message_only_and_says_so() -> None:
    keys = tuple({"lead_id": str(number)} for number in range(1000))
    failure = GateFailure("leads_are_unique", "dim_leads", "not so", keys)
    assert "1000 row(s)" in str(failure)
    assert "and 980 more" in str(failure)
    assert len(failure.keys) == 1000


def test_findings_add_up() -> None:
    result = FindingsResult({"a": 2, "b": 0, "c": 5}, {}, {}, {}, {}, (), ())
    assert result.total == 7
