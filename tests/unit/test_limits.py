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


def test_a_companys_own_numbers_win_and_leave_the_others(tmp_path: Path) -> None:
    (tmp_path / "limits.yml").write_text(
        "freshness_days: {generic: 35}\nheld_nights: {default: 5}\n"
    )
    root = settings.expectations_dir()
    limits, ours = read_limits(root, tmp_path), read_limits(root)
    assert limits["freshness_days"] == {"default": 4, "generic": 35}
    assert limits["held_nights"] == {"default": 5}
    assert limits["collapse_share"] == ours["collapse_share"]


def test_a_folder_without_limits_leaves_the_projects_own(tmp_path: Path) -> None:
    root = settings.expectations_dir()
    assert read_limits(root, tmp_path) == read_limits(root)


def test_a_limit_that_no_gate_knows_is_refused(tmp_path: Path) -> None:
    (tmp_path / "limits.yml").write_text("freshnes_days: {default: 4}\n")
    with pytest.raises(settings.SettingError, match="freshnes_days, which no gate knows"):
        read_limits(settings.expectations_dir(), tmp_path)


def test_the_folder_of_limits_and_exceptions_is_a_setting(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("HANDOFF_JUDGING", raising=False)
    assert settings.judging_dir() == settings.expectations_dir()
    monkeypatch.setenv("HANDOFF_JUDGING", str(tmp_path))
    assert settings.judging_dir() == tmp_path
    monkeypatch.setenv("HANDOFF_JUDGING", str(tmp_path / "nothing"))
    with pytest.raises(settings.SettingError, match="which is no folder"):
        settings.judging_dir()


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
