"""The numbers of the gates are read whole or refused by name."""

from pathlib import Path

import pytest

from lead_handoff import settings
from lead_handoff.limits import read_limits


def test_the_limits_can_be_read_and_each_is_used() -> None:
    root = settings.expectations_dir()
    sql = "".join(file.read_text() for file in (root / "suites").rglob("*.sql"))
    limits = read_limits(root)
    assert limits
    for limit in limits:
        assert f'"{limit}"' in sql, limit


@pytest.mark.parametrize(
    "text",
    [
        "",
        "freshness_days: 4\n",
        "freshness_days: {generic: 4}\n",
        "freshness_days: {default: soon}\n",
        "freshness_days: {default: -1}\n",
        "freshness_days: {default: true}\n",
        "freshness_days: [\n",
        "delivery_days: {default: 8}\n",
    ],
)
def test_limits_that_are_no_numbers_are_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "limits.yml").write_text(text)
    with pytest.raises(settings.SettingError, match=r"limits\.yml"):
        read_limits(tmp_path)
