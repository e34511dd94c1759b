"""What landing tolerates is a setting."""

from __future__ import annotations

import pytest

from lead_handoff.landing.errors import SourceError
from lead_handoff.landing.limits import Limits


def test_a_limit_is_read_from_its_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HANDOFF_LANDING_BAD_ROW_SHARE", "0.5")
    monkeypatch.setenv("HANDOFF_LANDING_FIELD_BYTES", "10")
    limits = Limits.from_environment()
    assert (limits.bad_row_share, limits.field_bytes, limits.bad_row_floor) == (0.5, 10, 20)


@pytest.mark.parametrize("value", ["many", "-1", "nan", "1e3"])
def test_a_limit_that_is_no_number_is_named(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("HANDOFF_LANDING_COLUMNS", value)
    with pytest.raises(SourceError, match="HANDOFF_LANDING_COLUMNS"):
        Limits.from_environment()
